/** A session, as it travels in its cookie: encrypted (RFC 7516), so that a browser keeps what it cannot read. */
import { hkdfSync } from 'node:crypto';
import { CompactEncrypt, compactDecrypt, errors } from 'jose';
import { z } from 'zod';

/** Keys for what browsers keep, all made from one secret. */
export interface SessionKeys {
  /** Encrypts sessions. */
  session: Uint8Array;
  /** Encrypts tickets (ticket.ts). */
  ticket: Uint8Array;
  /** Signs form tokens (form-token.ts). */
  form: Uint8Array;
}

const shared = {
  /** Names the session; form tokens are made from it. */
  id: z.string().min(1),
  /** Milliseconds since the epoch. */
  expiresAt: z.number(),
};
const schema = z.discriminatedUnion('kind', [
  z.strictObject({ ...shared, kind: z.literal('token'), token: z.string().min(1) }),
  /** Never the sk: its SHA-256 in base64url. */
  z.strictObject({ ...shared, kind: z.literal('pair'), ak: z.string().min(1), digest: z.string().min(1) }),
]);

/** Who is signed in, and by what. */
export type Session = z.infer<typeof schema>;

/**
 * Makes the keys (RFC 5869).
 *
 * @param secret 32 random bytes
 */
export function deriveKeys(secret: Uint8Array): SessionKeys {
  const derive = (use: string) => new Uint8Array(hkdfSync('sha256', secret, '', `accesskey-operator ${use}`, 32));
  return { session: derive('session'), ticket: derive('ticket'), form: derive('form') };
}

/** Encrypts a session for its cookie. */
export function sealSession(session: Session, { session: key }: SessionKeys): Promise<string> {
  return seal(session, key);
}

/**
 * Reads a session.
 *
 * @param now milliseconds since the epoch
 * @returns undefined for one that has run out, and for what was not sealed with these keys
 */
export async function openSession(sealed: string, keys: SessionKeys, now: number): Promise<Session | undefined> {
  const parsed = schema.safeParse(await open(sealed, keys.session));
  return parsed.success && now < parsed.data.expiresAt ? parsed.data : undefined;
}

/** Encrypts a value, in the compact form (RFC 7516 section 7.1). */
export function seal(value: unknown, key: Uint8Array): Promise<string> {
  const text = new TextEncoder().encode(JSON.stringify(value));
  return new CompactEncrypt(text).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).encrypt(key);
}

/** Decrypts a value; undefined when it was not sealed with this key. */
export async function open(sealed: string, key: Uint8Array): Promise<unknown> {
  const algorithms = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] };
  try {
    const { plaintext } = await compactDecrypt(sealed, key, algorithms);
    return JSON.parse(new TextDecoder().decode(plaintext));
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof SyntaxError || error instanceof TypeError)
      return undefined;
    throw error;
  }
}

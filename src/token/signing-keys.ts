import {
  CompactSign,
  type CryptoKey,
  calculateJwkThumbprint,
  compactVerify,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from 'jose';
import { z } from 'zod';

/** The algorithm of the signatures (RFC 7518 section 3.3). */
export const algorithm = 'RS256';
/** RFC 7518 section 3.3 asks for 2048 bits at least. */
const modulusLength = 2048;

/** A stored key set that cannot be used. The message names what is wrong, never a value. */
export class SigningKeyError extends Error {
  override readonly name = 'SigningKeyError';
}

/** Keys ready for use. */
export interface SigningKeys {
  /** The key that signs. */
  active: { kid: string; key: CryptoKey };
  /** The public halves, to be published (RFC 7517 section 5). */
  jwks: { keys: JWK[] };
}

const text = z.string().min(1);
const storedKey = z.looseObject({
  kty: z.literal('RSA'),
  alg: z.literal(algorithm),
  kid: text,
  state: z.literal('active'),
  n: text,
  e: text,
  d: text,
});
const storedKeys = z.object({ keys: z.array(storedKey).length(1) });

/**
 * Makes a key set with one new key.
 *
 * @returns the JSON to store: a JWK Set of private keys, where each has a `state` besides the members of RFC 7517
 */
export async function generateSigningKeys(now: Date): Promise<string> {
  const { privateKey } = await generateKeyPair(algorithm, { modulusLength, extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  const key = { ...jwk, kid, alg: algorithm, use: 'sig', state: 'active', createdAt: now.toISOString() };
  return JSON.stringify({ keys: [key] });
}

/**
 * Reads a stored key set.
 *
 * @throws SigningKeyError when it is not one, a kid is not the key's RFC 7638 thumbprint, a key is too short, or its
 * halves do not belong together
 */
export async function parseSigningKeys(json: string): Promise<SigningKeys> {
  const [stored] = parseStored(json).keys;
  if (!stored) throw new SigningKeyError('keys: no active key');
  const { kty, n, e, kid } = stored;
  if ((await calculateJwkThumbprint({ kty, n, e })) !== kid) {
    throw new SigningKeyError('keys.0.kid: is not the thumbprint of the key');
  }
  const key = await importPrivate(stored);
  await requireSound(key, { kty, n, e });
  return { active: { kid, key }, jwks: { keys: [{ kty, n, e, kid, alg: algorithm, use: 'sig' }] } };
}

function parseStored(json: string): z.infer<typeof storedKeys> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new SigningKeyError('is not JSON');
  }
  const parsed = storedKeys.safeParse(value);
  if (parsed.success) return parsed.data;
  const paths = parsed.error.issues.map((issue) => issue.path.join('.') || 'the document');
  throw new SigningKeyError(`malformed: ${[...new Set(paths)].join(', ')}`);
}

async function importPrivate(jwk: JWK): Promise<CryptoKey> {
  try {
    return (await importJWK(jwk, algorithm)) as CryptoKey;
  } catch {
    throw new SigningKeyError('keys.0: is no RSA private key');
  }
}

/**
 * Signs and verifies once. Import does not look whether the private half is that of the public one; a set put together
 * by hand would then give tokens that nobody can verify.
 */
async function requireSound(key: CryptoKey, publicHalf: JWK): Promise<void> {
  const { modulusLength: bits = 0 } = key.algorithm as { modulusLength?: number };
  if (bits < modulusLength) throw new SigningKeyError(`keys.0.n: has fewer than ${modulusLength} bits`);
  try {
    const signed = await new CompactSign(new Uint8Array(32)).setProtectedHeader({ alg: algorithm }).sign(key);
    await compactVerify(signed, await importJWK(publicHalf, algorithm));
  } catch {
    throw new SigningKeyError('keys.0: the private half is not that of the public one');
  }
}

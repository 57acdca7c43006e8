/** Sessions are stored in a cookie, encrypted (RFC 7516) so that the browser cannot read them. */
import { hkdfSync } from 'node:crypto';
import { z } from 'zod';
import { open, seal } from './seal.ts';

/** Keys for everything that browsers store, all derived from one secret. */
export interface SessionKeys {
  /** Encrypts sessions. */
  session: Uint8Array;
  /** Encrypts tickets (ticket.ts). */
  ticket: Uint8Array;
  /** Encrypts started sign-ins (oidc/flow-cookies.ts). */
  flow: Uint8Array;
  /** Encrypts what a later page reports (sealed-cookie.ts). */
  notice: Uint8Array;
  /** Signs form tokens (request-checks.ts). */
  form: Uint8Array;
}

const shared = {
  /** ID of the session. Form tokens are derived from it. */
  id: z.string().min(1),
  /** End of the session, whatever it is used for. Milliseconds since the epoch. */
  expiresAt: z.number(),
  /** When the session was last used, milliseconds since the epoch; written from time to time. */
  usedAt: z.number().optional(),
};

/** What a session with single sign-on needs in addition to the ID token. */
const singleSignOn = z.strictObject({
  /** Claim sub of the ID token. */
  sub: z.string().min(1),
  /** Claim sid: the session at the identity provider (OpenID Connect Back-Channel Logout 1.0). */
  sid: z.string().min(1).optional(),
  /** Milliseconds since the epoch. */
  signedInAt: z.number(),
  refreshToken: z.string().min(1).optional(),
  /** When the ID token is refreshed, milliseconds since the epoch; set if there is a refresh token. */
  refreshAt: z.number().optional(),
});

const schema = z.discriminatedUnion('kind', [
  /** The token is a Kubernetes token: entered, or the ID token of single sign-on. */
  z.strictObject({ ...shared, kind: z.literal('token'), token: z.string().min(1), sso: singleSignOn.optional() }),
  /** Single sign-on in a cluster that does not know the issuer of the ID token. */
  z.strictObject({ ...shared, kind: z.literal('self-service'), token: z.string().min(1), sso: singleSignOn }),
  /** Never the sk: its SHA-256 in base64url. */
  z.strictObject({ ...shared, kind: z.literal('pair'), ak: z.string().min(1), digest: z.string().min(1) }),
]);

/** A session in a cookie, and its credential. */
export type CookieSession = z.infer<typeof schema>;

/** The session of a request that an authenticating proxy has signed in, without a cookie. */
export interface ProxySession {
  kind: 'proxy';
  /** The same for all tokens of the user, so that a form still works after the proxy has refreshed the token. */
  id: string;
  expiresAt: number;
  usedAt?: undefined;
  token: string;
}

/** A signed-in session and its credential. */
export type Session = CookieSession | ProxySession;
export type SingleSignOn = z.infer<typeof singleSignOn>;
/** A session that was started with single sign-on. */
export type SignedOnSession = Extract<CookieSession, { token: string }> & { sso: SingleSignOn };

/**
 * Derives the keys (HKDF, RFC 5869).
 *
 * @param secret 32 random bytes
 */
export function deriveKeys(secret: Uint8Array): SessionKeys {
  const derive = (use: string) => new Uint8Array(hkdfSync('sha256', secret, '', `accesskey-operator ${use}`, 32));
  return {
    session: derive('session'),
    ticket: derive('ticket'),
    flow: derive('flow'),
    notice: derive('notice'),
    form: derive('form'),
  };
}

/** Whether a session uses the operator's permissions, limited to its own AccessKey. */
export function actsAsOperator({ kind }: Pick<Session, 'kind'> | { kind: 'proxy' }): boolean {
  return kind === 'pair' || kind === 'self-service';
}

/** Encrypts a session for the cookie. */
export function sealSession(session: CookieSession, { session: key }: SessionKeys): Promise<string> {
  return seal(session, key);
}

/**
 * Decrypts a session.
 *
 * @param now milliseconds since the epoch
 * @returns the session, or undefined if it has expired or was not sealed with these keys
 */
export async function openSession(sealed: string, keys: SessionKeys, now: number): Promise<CookieSession | undefined> {
  const parsed = schema.safeParse(await open(sealed, keys.session));
  return parsed.success && now < parsed.data.expiresAt ? parsed.data : undefined;
}

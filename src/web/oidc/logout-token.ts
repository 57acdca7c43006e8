/** The logout token of OpenID Connect Back-Channel Logout 1.0, section 2.4 and 2.6. */
import { jwtVerify } from 'jose';
import { issuerToleranceSeconds } from '../../outbound/issuer-tolerance.ts';
import type { DiscoveredProvider } from './provider.ts';
import { ProviderError } from './provider-error.ts';
import { signatureAlgorithms, toVerificationError } from './tokens.ts';

/** Which sessions end: that of `sid`, or all of `sub` that were started before. */
export interface EndedSignOn {
  sub?: string;
  sid?: string;
  /** When the provider ended them, milliseconds since the epoch by its clock. */
  at: number;
}

/** A logout token is sent immediately; an older one may be a copy. Seconds. */
const maxAgeSeconds = 300;
const eventName = 'http://schemas.openid.net/event/backchannel-logout';
/** The types of a logout token: explicit, or none, which many providers use. */
const types = [undefined, 'logout+jwt', 'application/logout+jwt', 'jwt'];

/** @throws ProviderError `invalid`; `unavailable` if the key set cannot be fetched */
export async function verifyLogoutToken({ client, keys }: DiscoveredProvider, token: string): Promise<EndedSignOn> {
  const options = {
    issuer: client.serverMetadata().issuer,
    audience: client.clientMetadata().client_id,
    algorithms: signatureAlgorithms,
    clockTolerance: issuerToleranceSeconds,
    maxTokenAge: maxAgeSeconds,
    requiredClaims: ['iat', 'jti', 'events'],
  };
  const { payload, protectedHeader } = await jwtVerify(token, keys, options).catch((error) => {
    throw toVerificationError(error, token);
  });
  if (!types.includes(protectedHeader.typ?.toLowerCase())) throw invalid('typ of another token');
  // An ID token has a nonce and no event, so it cannot be used as a logout token.
  if (payload.nonce !== undefined) throw invalid('must not have a nonce');
  if (!isObject(payload.events) || !isObject(payload.events[eventName])) throw invalid('has no logout event');
  const [sub, sid] = [textOf(payload.sub, 'sub'), textOf(payload.sid, 'sid')];
  if (sub === undefined && sid === undefined) throw invalid('has neither sub nor sid');
  return { ...(sub !== undefined && { sub }), ...(sid !== undefined && { sid }), at: Number(payload.iat) * 1000 };
}

function invalid(why: string): ProviderError {
  return new ProviderError('invalid', `logout token ${why}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown, name: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '') throw invalid(`has an invalid ${name}`);
  return value;
}

import { type CryptoKey, errors, type JWTHeaderParameters, jwtVerify } from 'jose';
import { z } from 'zod';
import type { LivePairs } from '../accesskey/live-pairs.ts';
import { liveStates } from '../accesskey/pair-state.ts';
import type { ClaimsOptions } from './claims.ts';
import { algorithms } from './key-plan.ts';
import type { SigningKeys } from './signing-keys.ts';

/** Who calls, as a valid token says. */
export interface Caller {
  /** sub: uid of the AccessKey. */
  id: string;
  name: string;
  groups: readonly string[];
  /** Name of the pair that the token was given for. */
  pairName: string;
}

/** A token that is not accepted; the message is for the log. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
}

/** How far ahead of ours another clock may be, seconds. */
const clockToleranceSeconds = 30;

const callerClaims = z.object({
  sub: z.string().min(1),
  preferred_username: z.string().min(1),
  groups: z.array(z.string()),
  client_id: z.string().min(1),
  iat: z.number(),
});

/**
 * Verifies a token of ours: signature, algorithm, issuer, audience and times (RFC 7519 section 7.2, RFC 8725), and that
 * the pair it was given for is live, so that a pair that is gone takes its tokens with it.
 *
 * The groups are those of the token that the user is still in: leaving a group is in force at once.
 *
 * @param now milliseconds since the epoch
 * @throws TokenError
 */
export async function verifyToken(
  token: string,
  keys: SigningKeys,
  { issuer, audience }: ClaimsOptions,
  pairs: LivePairs,
  now: number,
): Promise<Caller> {
  const payload = await verifySignature(token, keys, { issuer, audience }, now);
  const claims = callerClaims.safeParse(payload);
  if (!claims.success) throw new TokenError('a claim is absent or of the wrong type');
  const { sub, preferred_username: name, groups, client_id: ak, iat } = claims.data;
  if (iat > now / 1000 + clockToleranceSeconds) throw new TokenError('iat is in the future');
  const candidates = pairs.candidates(ak, now).filter((one) => one.user.id === sub && one.user.name === name);
  const live = candidates.find((one) => liveStates.has(one.state));
  if (!live) throw new TokenError('the key pair of the token is not live');
  return { id: sub, name, groups: groups.filter((group) => live.user.groups.includes(group)), pairName: live.pairName };
}

async function verifySignature(
  token: string,
  keys: SigningKeys,
  { issuer, audience }: ClaimsOptions,
  now: number,
): Promise<unknown> {
  try {
    const { payload } = await jwtVerify(token, (header) => keyOf(header, keys), {
      algorithms: [...algorithms],
      typ: 'JWT',
      issuer,
      ...(audience !== undefined && { audience }),
      requiredClaims: ['exp', 'iat', 'sub'],
      currentDate: new Date(now),
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) throw new TokenError(error.code);
    throw error;
  }
}

/** The key that the header names, for its own algorithm and no other (RFC 8725 section 3.1). */
function keyOf({ kid, alg }: JWTHeaderParameters, { published }: SigningKeys): CryptoKey {
  const found = published.get(kid ?? '');
  if (found?.algorithm !== alg) throw new errors.JWKSNoMatchingKey();
  return found.key;
}

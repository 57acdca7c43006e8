import { type CryptoKey, errors, type JWTHeaderParameters, type JWTPayload, jwtVerify } from 'jose';
import { z } from 'zod';
import type { LivePairs } from '../accesskey/live/live-pairs.ts';
import type { LiveServiceAccounts } from '../accesskey/live/live-service-accounts.ts';
import { liveStates } from '../accesskey/model/pair-state.ts';
import { parseUsername } from '../kube/names.ts';
import type { ClaimsOptions } from './issue.ts';
import { algorithms } from './keys/facts.ts';
import type { SigningKeys } from './keys/signing-keys.ts';

/** Who calls, as a valid token says. */
export interface Caller {
  /** sub: uid of the AccessKey. */
  id: string;
  name: string;
  groups: readonly string[];
  /** The pair that the token was given for; undefined when it was given to a ServiceAccount. */
  pairName: string | undefined;
  /** client_id: the ak, or the name of the ServiceAccount. */
  clientId: string;
  /** Seconds since the epoch. */
  issuedAt: number;
  /** Seconds since the epoch. */
  expiresAt: number;
}

/** A token that is not accepted; the message is for the log. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
}

/** No token of ours is longer. */
const maxLength = 32_768;

/** How far ahead of ours another clock may be, seconds. */
const clockToleranceSeconds = 30;

const callerClaims = z.object({
  sub: z.string().min(1),
  preferred_username: z.string().min(1),
  groups: z.array(z.string()),
  client_id: z.string().min(1),
  iat: z.number(),
  exp: z.number(),
});

/**
 * Verifies a token of ours: signature, algorithm, issuer, audience and times (RFC 7519 section 7.2, RFC 8725), and that
 * the pair it was given for is live, or that a live AccessKey still names the ServiceAccount it was given to: what is
 * gone takes its tokens with it.
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
  serviceAccounts: LiveServiceAccounts,
): Promise<Caller> {
  const payload = await verifyOnce(token, keys, { issuer, audience }, now);
  const claims = callerClaims.safeParse(payload);
  if (!claims.success) throw new TokenError('a claim is absent or of the wrong type');
  const { sub: id, preferred_username: name, client_id: clientId, iat, exp } = claims.data;
  if (iat > now / 1000 + clockToleranceSeconds) throw new TokenError('iat is in the future');
  const live = findLive({ id, name, clientId }, pairs, serviceAccounts, now);
  const groups = claims.data.groups.filter((group) => live.groups.includes(group));
  return { id, name, groups, pairName: live.pairName, clientId, issuedAt: iat, expiresAt: exp };
}

/** What a token was given for, as it is now. */
interface Live {
  groups: readonly string[];
  pairName: string | undefined;
}

/** @throws TokenError when what the token was given for is not live any more, or is another user's */
function findLive(
  { id, name, clientId }: Pick<Caller, 'id' | 'name' | 'clientId'>,
  pairs: LivePairs,
  serviceAccounts: LiveServiceAccounts,
  now: number,
): Live {
  const account = parseUsername(clientId);
  if (account) {
    const user = serviceAccounts.usersOf(account).find((one) => one.id === id && one.name === name);
    if (!user) throw new TokenError('no live AccessKey names the ServiceAccount of the token');
    return { groups: user.groups, pairName: undefined };
  }
  const found = pairs.find(clientId, now).filter((one) => one.user.id === id && one.user.name === name);
  const live = found.find((one) => liveStates.has(one.state));
  if (!live) throw new TokenError('the key pair of the token is not live');
  return { groups: live.user.groups, pairName: live.pairName };
}

/** As `verifySignature`, which is asked only once about a token that it accepts. */
async function verifyOnce(token: string, keys: SigningKeys, expected: ClaimsOptions, now: number) {
  const about = JSON.stringify([expected.issuer, expected.audience]);
  const known = keys.verified.get(token, about, now / 1000);
  if (known) return known;
  const payload = await verifySignature(token, keys, expected, now);
  keys.verified.add(token, about, payload);
  return payload;
}

async function verifySignature(
  token: string,
  keys: SigningKeys,
  { issuer, audience }: ClaimsOptions,
  now: number,
): Promise<JWTPayload> {
  if (token.length > maxLength) throw new TokenError('too long');
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

/** Who may change the access tokens of a user. */
import { findLivePair } from '../../accesskey/live/pair-lookup.ts';
import { type AccessKeyRecord, pairSpecOf } from '../../accesskey/model/access-key-record.ts';
import { isPairLive, tokensNotBeforeMs } from '../../accesskey/model/pair-state.ts';
import type { Caller } from '../../token/verify.ts';
import type { Dependencies } from '../common/dependencies.ts';
import { PlatformError } from '../common/errors.ts';

/** The key pair that the caller's token was issued for. */
export interface CallerPair {
  name: string;
  ak: string;
  /** Milliseconds since the epoch; Infinity if it does not expire. */
  expiresAt: number;
  /** When the token was issued, seconds since the epoch. */
  issuedAt: number;
  /** Whether it is the key pair of an access token. */
  isAccessToken: boolean;
}

/**
 * Finds the key pair of the caller's token. A ServiceAccount has none: an access token that it created would stay valid
 * after the AccessKey no longer names the ServiceAccount.
 *
 * @throws PlatformError 403
 */
export function requirePair(
  { id, pairName, clientId, issuedAt }: Caller,
  { pairs, users, now }: Pick<Dependencies, 'pairs' | 'users' | 'now'>,
): CallerPair {
  const found = pairName === undefined ? undefined : findLivePair(pairs, { uid: id, pairName, ak: clientId }, now());
  if (!found) {
    throw new PlatformError('permissionDenied', 'only a token of a key pair can change access tokens');
  }
  const { ak, pairName: name, expiresAt } = found;
  const user = users.byId(id);
  const spec = user && pairSpecOf(user, name);
  return { name, ak, expiresAt, issuedAt, isAccessToken: spec?.accessToken === true };
}

/**
 * Whether the caller may change the key pairs of an AccessKey: their own, or with the permissions that kubectl would need.
 *
 * @throws PlatformError 403
 */
export async function requireOwner(
  caller: Caller,
  { uid, namespace, name, spec }: AccessKeyRecord,
  { authorizer }: Pick<Dependencies, 'authorizer'>,
): Promise<void> {
  if (caller.id === uid) return;
  const { groups = [] } = spec.user;
  const user = { name: spec.user.name, groups };
  if (await authorizer.mayChangeKeyPairs(caller, { namespace, name, user })) return;
  throw notAllowed(caller.name);
}

export function notAllowed(caller: string): PlatformError {
  const permissions = 'patch their AccessKey and impersonate them and each of their groups';
  return new PlatformError(
    'permissionDenied',
    `user ${caller} may not change access tokens of other users: missing permission to ${permissions}`,
  );
}

/**
 * Checks the caller's key pair again, on the API server: a cache may not have seen a revocation yet.
 *
 * @param own the caller's AccessKey, as read from the API server if possible
 * @throws PlatformError 403
 */
export function requireLive(own: AccessKeyRecord, { name: pairName, ak, issuedAt }: CallerPair, now: number): void {
  const pair = pairSpecOf(own, pairName);
  const isIssuedTooEarly = pair && issuedAt * 1000 < (tokensNotBeforeMs(pair) ?? 0);
  if (!isIssuedTooEarly && isPairLive(own, { pairName, ak }, now)) return;
  throw pairNotLive();
}

export function pairNotLive(): PlatformError {
  return new PlatformError('permissionDenied', 'the key pair of your token is no longer valid');
}

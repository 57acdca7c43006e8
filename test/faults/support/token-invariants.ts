import { decodeJwt } from 'jose';
import type { AccessKeyRecord, KeyPairSpec } from '../../../src/accesskey/model/access-key-record.ts';
import { annotations } from '../../../src/credential/secret-format.ts';
import { textAt } from '../../../src/credential/secret-record.ts';
import { parseTokenRecord, tokenDigest } from '../../../src/credential/token-record.ts';
import { type RawSecret, valuesOf } from '../../support/secret-keys.ts';

const hourMs = 3_600_000;

/** Whether the Secret of the pair must hold a token. */
export function needsToken({ spec }: AccessKeyRecord, pair: KeyPairSpec, now: number): boolean {
  const isExpired = pair.expiresAt !== undefined && Date.parse(pair.expiresAt) <= now;
  return pair.token !== undefined && spec.suspended !== true && pair.enabled !== false && !isExpired;
}

/** Data key of the token. */
export function tokenKeyOf({ token }: KeyPairSpec): string {
  return token?.key ?? 'token';
}

/** Whether the token is one of the current pair, is valid as long as the spec says, and is the one that is recorded. */
export function holdsToken(pair: KeyPairSpec, secret: RawSecret, now: number): boolean {
  const token = textAt(secret.data ?? {}, tokenKeyOf(pair));
  if (token === '') return false;
  const record = parseTokenRecord(secret.metadata.annotations?.[annotations.token]);
  const { client_id, iat = 0, exp = 0 } = decodeJwt(token);
  const validForMs = Number.parseInt(pair.token?.validFor ?? '24h', 10) * hourMs;
  return (
    client_id === valuesOf(secret).ak &&
    exp * 1000 > now &&
    (exp - iat) * 1000 <= validForMs &&
    exp * 1000 <= Date.parse(pair.expiresAt ?? '9999-12-31T23:59:59Z') &&
    record?.key === tokenKeyOf(pair) &&
    record.digest === tokenDigest(token)
  );
}

import type { AccessKeyRecord, KeyPairSpec } from '../../../src/accesskey/model/access-key-record.ts';
import { annotations } from '../../../src/credential/secret-record.ts';
import type { RawSecret } from '../../support/secret-keys.ts';
import { isOfPair } from './history.ts';

/** Whether a pair must be rotated at this time (milliseconds since the epoch) because of its interval. */
export function isDue(
  accessKey: AccessKeyRecord,
  pair: KeyPairSpec,
  secrets: readonly RawSecret[],
  now: number,
): boolean {
  const secret = secrets.find((one) => isOfPair(one, accessKey.uid, pair.name));
  const interval = Number.parseInt(pair.rotation?.interval ?? '', 10) * 3_600_000;
  const isOver = pair.expiresAt !== undefined && Date.parse(pair.expiresAt) <= now;
  const isLive = !accessKey.spec.suspended && pair.enabled !== false && !isOver;
  return isLive && Date.parse(secret?.metadata.annotations?.[annotations.generatedAt] ?? '') + interval <= now;
}

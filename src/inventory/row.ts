import {
  type AccessKeyRecord,
  type KeyPairSpec,
  lastUseOf,
  pairStatusOf,
} from '../accesskey/model/access-key-record.ts';
import { formatTime, parseTime } from '../accesskey/model/time.ts';
import { dayMs } from '../kube/duration.ts';
import type { InventoryRow } from './schema.ts';

/** A key pair of an AccessKey. */
export interface InventoryEntry {
  accessKey: AccessKeyRecord;
  pair: KeyPairSpec;
}

/**
 * The row of a key pair.
 *
 * @param now milliseconds since the epoch
 */
export function toRow({ accessKey, pair }: InventoryEntry, now: number): InventoryRow {
  const { namespace, name, spec, updatedAt, updatedBy = '', updatedWith = '' } = accessKey;
  const status = pairStatusOf(accessKey, pair.name);
  const { state = 'Pending', accessKey: ak = '', createdAt = '', nextRotationAt = '' } = status ?? {};
  const lastUsedAt = status && lastUseOf(status, now);
  const expiresAt = parseTime(pair.expiresAt);
  // The client that used the pair or, during an overlap, the previous pair last.
  const lastUser = [status?.previous, status].find((one) => one?.lastUsedTime === lastUsedAt);
  return {
    namespace,
    accessKey: name,
    keyPair: pair.name,
    user: spec.user.name,
    groups: [...(spec.user.groups ?? [])],
    state,
    ak,
    createdAt,
    ageDays: ageDaysOf(createdAt, now),
    lastUsedAt: lastUsedAt ?? '',
    lastClientAddress: lastUser?.lastClientAddress ?? '',
    expiresAt: expiresAt === undefined ? '' : formatTime(expiresAt),
    nextRotationAt,
    lastChangedAt: updatedAt,
    lastChangedBy: updatedBy,
    lastChangedWith: updatedWith,
  };
}

function ageDaysOf(createdAt: string, now: number): number | null {
  const created = parseTime(createdAt);
  // The clocks of two replicas can differ.
  return created === undefined ? null : Math.max(0, Math.floor((now - created) / dayMs));
}

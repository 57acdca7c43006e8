/** Adds uses of key pairs and ServiceAccounts to a status. Pure. */
import { parseUsername } from '../../kube/names.ts';
import { isAhead } from '../../kube/time.ts';
import type { AccessKeyRecord, KeyPairStatus, ServiceAccountStatus } from '../model/access-key-record.ts';
import { formatTime, parseTime } from '../model/time.ts';

/** Minimum time between two writes for one client, milliseconds. */
export const resolutionMs = 60_000;

/** A use of a key pair or of a token that was issued for one, for a ServiceAccount or for a subject of a trusted issuer. */
export interface Use {
  /** uid of the AccessKey. */
  id: string;
  /** The ak, `system:serviceaccount:<namespace>:<name>`, or `<issuer>#<subject>`. */
  clientId: string;
  /** Name of the key pair; undefined for a ServiceAccount or a subject of a trusted issuer. */
  pairName: string | undefined;
  /** IP address of the client; undefined if unknown. */
  address: string | undefined;
}

export interface TimedUse extends Use {
  /** Milliseconds since the epoch. */
  at: number;
}

/** The part of a status that records uses. */
export type RecordedUse = Pick<AccessKeyRecord['status'], 'keyPairs' | 'serviceAccounts'>;

/**
 * Adds uses to the times in a status. A time in the future, from a clock that was ahead, is replaced.
 *
 * @param now milliseconds since the epoch
 * @returns undefined if there is nothing to write: each time is within a minute of the known one, or its pair is gone
 */
export function withUses(
  { spec, status }: Pick<AccessKeyRecord, 'spec' | 'status'>,
  uses: readonly TimedUse[],
  now: number,
): RecordedUse | undefined {
  const pairs = status.keyPairs ?? [];
  const accounts = status.serviceAccounts ?? [];
  const past = uses.map((use) => ({ ...use, at: isAhead(use.at, now) ? now : use.at, now }));
  const keyPairs = pairs.map((pair) => past.filter((one) => one.pairName === pair.name).reduce(withUse, pair));
  const serviceAccounts = past.reduce((all, use) => withAccountUse(spec.serviceAccounts ?? [], all, use), accounts);
  const isUnchanged = keyPairs.every((pair, index) => pair === pairs[index]) && serviceAccounts === accounts;
  if (isUnchanged) return undefined;
  return {
    ...(keyPairs.length > 0 && { keyPairs }),
    ...(serviceAccounts.length > 0 && { serviceAccounts }),
  };
}

/** A use in the past, and the time at which it is written. */
interface PastUse extends TimedUse {
  now: number;
}

/** A use of the previous pair during an overlap is recorded separately. */
function withUse(pair: KeyPairStatus, use: PastUse): KeyPairStatus {
  const { previous } = pair;
  if (previous?.accessKey === use.clientId) {
    return isNew(previous, use) ? { ...pair, previous: withRecord(previous, use) } : pair;
  }
  return pair.accessKey === use.clientId && isNew(pair, use) ? withRecord(pair, use) : pair;
}

function withAccountUse(
  named: readonly string[],
  accounts: ServiceAccountStatus[],
  use: PastUse,
): ServiceAccountStatus[] {
  const name = use.pairName === undefined ? parseUsername(use.clientId)?.name : undefined;
  if (name === undefined || !named.includes(name)) return accounts;
  const known = accounts.find((one) => one.name === name);
  if (known && !isNew(known, use)) return accounts;
  const account: ServiceAccountStatus = { name };
  return [...accounts.filter((one) => one !== known), withRecord(account, use)];
}

/** The first use after a rotation is always new: it shows that the new pair is in use. */
function isNew(
  { lastUsedTime, createdAt }: { lastUsedTime?: string; createdAt?: string },
  { at, now }: PastUse,
): boolean {
  const known = parseTime(lastUsedTime) ?? Number.NEGATIVE_INFINITY;
  if (isAhead(known, now)) return true;
  const created = parseTime(createdAt) ?? Number.NEGATIVE_INFINITY;
  return at - known >= resolutionMs || (known < created && created <= at);
}

/** Also removes the address of an earlier client. */
function withRecord<T extends { lastClientAddress?: string }>(used: T, { at, address }: TimedUse) {
  const { lastClientAddress: _, ...rest } = used;
  return { ...rest, lastUsedTime: formatTime(at), ...(address !== undefined && { lastClientAddress: address }) };
}

import type { AccessKeyRecord } from './access-key-record.ts';

/**
 * One user, one AccessKey in the cluster: of those that name the same user the oldest holds the claim, the name decides
 * between equal times. What is being deleted holds nothing, so the next takes over at once.
 *
 * @param claims AccessKeys that name the same user
 * @param stopped whether the AccessKey is on its way out (deleted, or its namespace terminates)
 */
export function claimHolder(
  claims: readonly AccessKeyRecord[],
  stopped: (accessKey: AccessKeyRecord) => boolean,
): AccessKeyRecord | undefined {
  return claims.filter((one) => !stopped(one)).sort(byAge)[0];
}

function byAge(a: AccessKeyRecord, b: AccessKeyRecord): number {
  return compare(a.creationTimestamp, b.creationTimestamp) || compare(a.key, b.key);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

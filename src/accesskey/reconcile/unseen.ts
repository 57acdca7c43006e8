/**
 * Which writes of the operator its own watch does not show yet. A reconcile would plan them again, and they would fail.
 * Pure.
 */
import type { AccessKeyRecord } from '../model/access-key-record.ts';
import { allPairs, type PlanOutcome } from './outcome.ts';

/** How long the watch may take to show a write before it no longer matters, milliseconds. */
export const watchLatencyMs = 2_000;

/** Returns the resourceVersion of a Secret in the cache; undefined if it has none of that name. */
export type VersionOf = (secretName: string) => string | undefined;

/** The last writes about an AccessKey. Times are those of a monotonic clock, milliseconds. */
export interface Unseen {
  /** The Secrets that were written. */
  secrets?: { uid: string; generation: number; since: number; before: ReadonlyMap<string, string | undefined> };
  /** The resourceVersion of the AccessKey that the status was written over. */
  status?: { resourceVersion: string; since: number };
}

type Identity = Pick<AccessKeyRecord, 'uid' | 'generation' | 'resourceVersion'>;

/**
 * @param versionOf the cache before the plan was applied
 * @returns the Secrets that the plan has written; undefined if none
 */
export function writtenSecrets(
  { uid, generation }: Identity,
  outcome: PlanOutcome,
  versionOf: VersionOf,
  since: number,
): Unseen['secrets'] {
  const before = new Map<string, string | undefined>();
  for (const { secret } of allPairs(outcome)) {
    if (secret && secret.resourceVersion !== versionOf(secret.name)) before.set(secret.name, versionOf(secret.name));
  }
  return before.size === 0 ? undefined : { uid, generation, since, before };
}

/**
 * How long a reconcile waits for the watch, milliseconds; 0 if everything is shown. The watch reconciles again as soon as
 * it shows a write. An edit of the spec never waits.
 */
export function waitForWatchMs(
  { secrets, status }: Unseen,
  { uid, generation, resourceVersion }: Identity,
  versionOf: VersionOf,
  now: number,
): number {
  const isSame = secrets?.uid === uid && secrets.generation === generation;
  const isSecretUnseen = isSame && [...secrets.before].some(([name, version]) => versionOf(name) === version);
  const isStatusUnseen = status?.resourceVersion === resourceVersion;
  const since = [isSecretUnseen && secrets.since, isStatusUnseen && status.since].filter((time) => time !== false);
  return since.length === 0 ? 0 : Math.max(0, Math.min(...since) + watchLatencyMs - now);
}

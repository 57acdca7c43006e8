/**
 * What the record of a Lease says to one candidate: the decisions of leader election, without effects.
 *
 * Times of a record are for people to read. Nothing here compares them with a clock: a record is only seen to change or
 * not, and how long it has not is measured by the local monotonic clock (package documentation of client-go's
 * tools/leaderelection: this tolerates any clock skew).
 */
import { isDeepStrictEqual } from 'node:util';
import type { V1LeaseSpec } from '@kubernetes/client-node';
import { type Json, microTime } from './json.ts';
import type { RawObject } from './list-watch.ts';

export type LeaseSpec = Json<V1LeaseSpec>;

/** A Lease as the API server sends it, with every field. */
export interface Lease extends RawObject {
  spec?: LeaseSpec;
}

export interface LeaseTimings {
  /** For how long other candidates leave a record alone that does not change, milliseconds. */
  leaseDurationMs: number;
  /** For how long the leader leads after it sent its last successful renewal, milliseconds. */
  renewDeadlineMs: number;
  /** Time between renewals, and the least time between attempts to become the leader, milliseconds. */
  retryPeriodMs: number;
}

/** Those of the Kubernetes components (k8s.io/component-base, LeaderElectionConfiguration). */
export const defaultLeaseTimings: LeaseTimings = {
  leaseDurationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryPeriodMs: 2_000,
};

/** client-go's JitterFactor. */
const jitterFactor = 1.2;

/** The record of a Lease, and since when it has been seen to be like this. */
export interface Observation {
  readonly spec: LeaseSpec;
  /** Monotonic clock, milliseconds, when the first answer with this record had come. */
  readonly since: number;
}

/**
 * Takes note of a record that has just been read.
 *
 * Only the spec counts: who labels a Lease does not renew it.
 */
export function observe(before: Observation | undefined, spec: LeaseSpec, now: number): Observation {
  return before && isDeepStrictEqual(before.spec, spec) ? before : { spec, since: now };
}

/** What a candidate knows when it decides. */
export interface Situation {
  identity: string;
  /** Whether it leads now. */
  leading: boolean;
  /** Whether there is a Lease. */
  exists: boolean;
  /** The last record seen, though its Lease may be deleted since; undefined when none was seen ever. */
  observation: Observation | undefined;
  /** Monotonic clock, milliseconds. */
  now: number;
  /** Of this candidate; for a record that states no duration. */
  leaseDurationMs: number;
}

/** `create`, `take` and `renew` are all written with our identity; `wait`: another one's, or the term is over. */
export type LeaseDecision = 'create' | 'take' | 'renew' | 'wait';

/**
 * Decides as client-go's tryAcquireOrRenew does, but for two cases in which another may already be at work:
 * - after a Lease was deleted, who saw its record waits until that would have expired, so that its holder can make it
 *   again;
 * - a leader whose record was given to another, or emptied, has lost at once, and does not try on until its deadline.
 */
export function decide(situation: Situation): LeaseDecision {
  const { identity, leading, exists, observation } = situation;
  if (observation?.spec.holderIdentity === identity) return exists ? 'renew' : 'create';
  if (leading || !isFree(situation)) return 'wait';
  return exists ? 'take' : 'create';
}

/** The duration that counts is the one that the holder promised in the record. */
function isFree({ observation, now, leaseDurationMs }: Situation): boolean {
  if (!observation?.spec.holderIdentity) return true;
  const { leaseDurationSeconds } = observation.spec;
  const durationMs = leaseDurationSeconds === undefined ? leaseDurationMs : leaseDurationSeconds * 1000;
  return now - observation.since >= durationMs;
}

/**
 * The record with us as its holder. Fields that are not of the election stay.
 *
 * @param before the record so far; undefined for a new Lease
 * @param time wall clock
 */
export function heldSpec(
  before: LeaseSpec | undefined,
  identity: string,
  leaseDurationMs: number,
  time: Date,
): LeaseSpec {
  const renewTime = microTime(time);
  // Whole seconds, more than 0 (validation of LeaseSpec); rounded up, since others wait for as long.
  const renewed = { ...before, leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000), renewTime };
  if (before?.holderIdentity === identity) return renewed;
  const leaseTransitions = before === undefined ? 0 : (before.leaseTransitions ?? 0) + 1;
  return { ...renewed, holderIdentity: identity, acquireTime: renewTime, leaseTransitions };
}

/** The record given back as client-go's release does: without a holder, so that the next takes it at once. */
export function releasedSpec(before: LeaseSpec, time: Date): LeaseSpec {
  const now = microTime(time);
  return { ...before, holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now };
}

/** Delay before the next attempt to become the leader: one to 2.2 periods (client-go's JitterUntil). */
export function jitteredMs(periodMs: number, random = Math.random): number {
  return periodMs * (1 + jitterFactor * random());
}

/** @throws RangeError for timings under which two could lead, or one could never stay the leader (NewLeaderElector) */
export function checkTimings({ leaseDurationMs, renewDeadlineMs, retryPeriodMs }: LeaseTimings): void {
  if (!(retryPeriodMs > 0)) throw new RangeError('retryPeriod must be greater than 0');
  if (!(renewDeadlineMs > retryPeriodMs * jitterFactor)) {
    throw new RangeError(`renewDeadline must be greater than ${jitterFactor} times retryPeriod`);
  }
  if (!(leaseDurationMs > renewDeadlineMs)) throw new RangeError('leaseDuration must be greater than renewDeadline');
}

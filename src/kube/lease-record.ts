/**
 * The decisions of leader election for one candidate, from the record of a Lease; pure.
 *
 * Times in a record are informational and never compared with a clock. A candidate only measures, with its own
 * monotonic clock, how long a record has not changed, so any clock skew is tolerated (see client-go's
 * tools/leaderelection).
 */
import { isDeepStrictEqual } from 'node:util';
import type { V1LeaseSpec } from '@kubernetes/client-node';
import type { RawObject } from './raw-object.ts';
import { type Json, microTime } from './resource.ts';

export type LeaseSpec = Json<V1LeaseSpec>;

/** A Lease as the API server sends it, with every field. */
export interface Lease extends RawObject {
  spec?: LeaseSpec;
}

export interface LeaseTimings {
  /** How long other candidates respect a record that does not change, milliseconds. */
  leaseDurationMs: number;
  /** How long the leader keeps leading after sending its last successful renewal, milliseconds. */
  renewDeadlineMs: number;
  /** Time between renewals, and shortest time between attempts to acquire the Lease, milliseconds. */
  retryPeriodMs: number;
}

/** As in the Kubernetes components (k8s.io/component-base, LeaderElectionConfiguration). */
export const defaultLeaseTimings: LeaseTimings = {
  leaseDurationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryPeriodMs: 2_000,
};

/** client-go's JitterFactor. */
const jitterFactor = 1.2;

/** The record of a Lease, and since when it has not changed. */
export interface Observation {
  readonly spec: LeaseSpec;
  /** When the first response with this record arrived; monotonic clock, milliseconds. */
  readonly since: number;
}

/** Updates an observation with a record that was just read. Only changes of the spec count, not those of metadata. */
export function observe(before: Observation | undefined, spec: LeaseSpec, now: number): Observation {
  return before && isDeepStrictEqual(before.spec, spec) ? before : { spec, since: now };
}

/** The input of a candidate's decision. */
export interface Situation {
  identity: string;
  /** Whether it is the leader now. */
  leading: boolean;
  /** Whether the Lease exists. */
  exists: boolean;
  /** The last observed record, even if its Lease was deleted since; undefined if none was ever observed. */
  observation: Observation | undefined;
  /** Monotonic clock, milliseconds. */
  now: number;
  /** Used for a record without a duration. */
  leaseDurationMs: number;
}

/** `create`, `take` and `renew` write our identity; `wait` writes nothing. */
export type LeaseDecision = 'create' | 'take' | 'renew' | 'wait';

/**
 * Decides like client-go's tryAcquireOrRenew, except in two cases in which another candidate may already lead:
 * - If the Lease was deleted, a candidate that saw its record waits until the record would have expired, so that the
 *   holder can create it again.
 * - A leader whose record has another holder, or none, has lost immediately and does not retry until its deadline.
 */
export function decide(situation: Situation): LeaseDecision {
  const { identity, leading, exists, observation } = situation;
  if (observation?.spec.holderIdentity === identity) return exists ? 'renew' : 'create';
  if (leading || !isFree(situation)) return 'wait';
  return exists ? 'take' : 'create';
}

/** The duration in the record counts, since the holder relies on it. */
function isFree({ observation, now, leaseDurationMs }: Situation): boolean {
  if (!observation?.spec.holderIdentity) return true;
  const { leaseDurationSeconds } = observation.spec;
  const durationMs = leaseDurationSeconds === undefined ? leaseDurationMs : leaseDurationSeconds * 1000;
  return now - observation.since >= durationMs;
}

interface Holder {
  identity: string;
  leaseDurationMs: number;
  /** Wall clock. */
  time: Date;
}

/**
 * Fields that are not part of the election are kept.
 *
 * @param before the current record; undefined for a new Lease
 * @returns the record with this process as the holder
 */
export function heldSpec(before: LeaseSpec | undefined, { identity, leaseDurationMs, time }: Holder): LeaseSpec {
  const renewTime = microTime(time);
  // Whole seconds, greater than 0 (validation of LeaseSpec). Rounded up, so that others never wait too short.
  const renewed = { ...before, leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000), renewTime };
  if (before?.holderIdentity === identity) return renewed;
  const leaseTransitions = before === undefined ? 0 : (before.leaseTransitions ?? 0) + 1;
  return { ...renewed, holderIdentity: identity, acquireTime: renewTime, leaseTransitions };
}

/** @returns the released record, as in client-go: without a holder, so that another candidate takes it immediately */
export function releasedSpec(before: LeaseSpec, time: Date): LeaseSpec {
  const now = microTime(time);
  return { ...before, holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now };
}

/** @returns the delay before the next attempt to acquire the Lease: 1 to 2.2 periods (client-go's JitterUntil) */
export function jitteredMs(periodMs: number, random = Math.random): number {
  return periodMs * (1 + jitterFactor * random());
}

/** @throws RangeError for timings with which there could be two leaders, or no lasting one (as NewLeaderElector) */
export function checkTimings({ leaseDurationMs, renewDeadlineMs, retryPeriodMs }: LeaseTimings): void {
  if (!(retryPeriodMs > 0)) throw new RangeError('retryPeriod must be greater than 0');
  if (!(renewDeadlineMs > retryPeriodMs * jitterFactor)) {
    throw new RangeError(`renewDeadline must be greater than ${jitterFactor} times retryPeriod`);
  }
  if (!(leaseDurationMs > renewDeadlineMs)) throw new RangeError('leaseDuration must be greater than renewDeadline');
}

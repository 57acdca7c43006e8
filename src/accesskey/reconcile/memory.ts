/** What this process knows of AccessKeys from earlier reconciles. A new process can do without it. */
import { type AccessKeyRecord, conditionOf } from '../model/access-key-record.ts';
import { isUnaccepted } from './acceptance.ts';
import type { PlanOutcome } from './outcome.ts';
import { forGeneration, noOverrides, type Overrides } from './overrides.ts';
import { isRechecked, isRejected } from './requeue.ts';
import { type Unseen, watchLatencyMs } from './unseen.ts';

/**
 * How often the message of a failure changes at most, milliseconds. A change of the status causes the next attempt, which
 * a webhook may reject with yet another text.
 */
const messageIntervalMs = 30_000;

/** Times are those of a monotonic clock, milliseconds. */
export interface Memory {
  overrides: Overrides;
  unseen: Unseen;
  /** Since when the watch does not show a Secret that was written. */
  unacceptedSince: number | undefined;
  /** When the status of the current failure was written last. */
  failureWrittenAt: number | undefined;
  /** Since when the AccessKey, with this generation of its spec, has a problem that lasts. */
  problemSince: number | undefined;
}

export interface Memories {
  of(accessKey: AccessKeyRecord): Memory;
  /** Forgets an AccessKey that no longer exists. */
  forget(key: string): void;
  /** Drops an empty memory; nearly all are empty. */
  tidy(key: string): void;
  readonly size: number;
}

export function createMemories(): Memories {
  const memories = new Map<string, Memory>();
  return {
    of(accessKey) {
      const { key, generation } = accessKey;
      const isReported = conditionOf(accessKey, 'Overridden') !== undefined;
      const memory = memories.get(key) ?? newMemory(noOverrides(generation, isReported));
      if (memory.overrides.generation !== generation) memory.problemSince = undefined;
      memory.overrides = forGeneration(memory.overrides, generation);
      memories.set(key, memory);
      return memory;
    },
    forget: (key) => void memories.delete(key),
    tidy(key) {
      const memory = memories.get(key);
      if (memory && isEmpty(memory)) memories.delete(key);
    },
    get size() {
      return memories.size;
    },
  };
}

function newMemory(overrides: Overrides): Memory {
  return {
    overrides,
    unseen: {},
    unacceptedSince: undefined,
    failureWrittenAt: undefined,
    problemSince: undefined,
  };
}

function isEmpty({ overrides, unseen, ...times }: Memory): boolean {
  const isIdle = Object.values(times).every((time) => time === undefined);
  return isIdle && !unseen.secrets && !unseen.status && overrides.secrets.size === 0;
}

/** @returns the new `unacceptedSince` */
export function unacceptedSince(memory: Memory, outcome: PlanOutcome, now: number): number | undefined {
  return isUnaccepted(outcome) ? (memory.unacceptedSince ?? now) : undefined;
}

/** Whether the watch may still show the Secret soon, so that its absence is not reported yet. */
export function waitsForWatch({ unacceptedSince: since }: Memory, now: number): boolean {
  return since !== undefined && now - since < watchLatencyMs;
}

/** Whether the status keeps the text of a failure that it has. */
export function keepsMessage({ failureWrittenAt }: Memory, now: number): boolean {
  return failureWrittenAt !== undefined && now - failureWrittenAt < messageIntervalMs;
}

/** @returns the new `problemSince`, for a problem that is rechecked or rejected (requeue.ts) */
export function problemSince(memory: Memory, outcome: PlanOutcome, now: number): number | undefined {
  return isRechecked(outcome) || isRejected(outcome) ? (memory.problemSince ?? now) : undefined;
}

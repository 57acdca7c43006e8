/** What this process knows of AccessKeys from earlier reconciles. A new process can do without it. */
import { type AccessKeyRecord, conditionOf } from '../model/access-key-record.ts';
import { forGeneration, noOverrides, type Overrides } from './overrides.ts';
import type { Unseen } from './unseen.ts';

/** Times are those of a monotonic clock, milliseconds. */
export interface Memory {
  overrides: Overrides;
  unseen: Unseen;
  /** Since when the watch does not show a Secret that was written. */
  unacceptedSince: number | undefined;
  /** When the status of the current failure was written last. */
  failureWrittenAt: number | undefined;
  /** Since when the AccessKey, with this generation of its spec, has a problem that is rechecked or rejected (requeue.ts). */
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

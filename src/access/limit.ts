/** Bounds on waiting: how many tasks run at the same time, and how long a request waits for a decision. */

import { createLimit, type Limit } from '../kube/limit.ts';

/** No decision in time. Does not mean that the cluster is unavailable: the question may not have been sent yet. */
export class UndecidedError extends Error {
  override readonly name = 'UndecidedError';
}

/**
 * Waits for a promise, up to a time limit. The work behind the promise continues after the limit.
 *
 * @param ms time limit, milliseconds
 * @throws UndecidedError when the time is over
 */
export async function withTimeout<T>(ms: number, promise: Promise<T>): Promise<T> {
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new UndecidedError(`no decision within ${ms / 1000} s`)), ms);
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Runs tasks of a subject; tasks beyond the limits wait in the order of their arrival. */
export type FairLimit = <T>(subject: string, task: () => Promise<T>) => Promise<T>;

/**
 * Limits how many tasks run at the same time, in total and per subject, so that one subject cannot starve the others. The
 * waiting tasks of a subject are also limited, because otherwise they could accumulate. Hand-written because p-limit has
 * neither subjects nor a bound on waiting tasks.
 *
 * @param limits integers of at least 1
 * @returns a function that rejects a task with UndecidedError when too many tasks of its subject wait
 */
export function createFairLimit(limits: { total: number; perSubject: number; waitingPerSubject: number }): FairLimit {
  const total = createLimit(limits.total);
  const subjects = new Map<string, { limit: Limit; tasks: number }>();
  return async (subject, task) => {
    const own = subjects.get(subject) ?? { limit: createLimit(limits.perSubject), tasks: 0 };
    if (own.tasks >= limits.perSubject + limits.waitingPerSubject)
      throw new UndecidedError('too many waiting requests');
    subjects.set(subject, own);
    own.tasks += 1;
    try {
      return await own.limit(() => total(task));
    } finally {
      own.tasks -= 1;
      if (own.tasks === 0) subjects.delete(subject);
    }
  };
}

import { UndecidedError } from './deadline.ts';

/** Runs tasks that belong to somebody; those beyond the limits wait, in their order. */
export type FairLimit = <T>(owner: string, task: () => Promise<T>) => Promise<T>;

type Limit = <T>(task: () => Promise<T>) => Promise<T>;

/**
 * Limits how many tasks run at the same time, in all and of one owner, so that an owner with many leaves room for others.
 * How many of one owner wait is limited too: or questions could be piled up faster than they are answered.
 *
 * @param limits whole numbers of at least 1
 * @returns gives UndecidedError for a task that was not taken
 */
export function createFairLimit(limits: { total: number; perOwner: number; waitingPerOwner: number }): FairLimit {
  const total = createLimit(limits.total);
  const owners = new Map<string, { limit: Limit; tasks: number }>();
  return async (owner, task) => {
    const own = owners.get(owner) ?? { limit: createLimit(limits.perOwner), tasks: 0 };
    if (own.tasks >= limits.perOwner + limits.waitingPerOwner) throw new UndecidedError('too many questions wait');
    owners.set(owner, own);
    own.tasks += 1;
    try {
      return await own.limit(() => total(task));
    } finally {
      own.tasks -= 1;
      if (own.tasks === 0) owners.delete(owner);
    }
  };
}

function createLimit(most: number): Limit {
  let running = 0;
  const waiting: (() => void)[] = [];
  async function enter(): Promise<void> {
    if (running === most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
  }
  /** Who waits longest takes the place over, so that nobody can come between. */
  function leave(): void {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
  return async (task) => {
    await enter();
    try {
      return await task();
    } finally {
      leave();
    }
  };
}

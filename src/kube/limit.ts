/** Runs tasks; those beyond the limit wait in the order of their arrival. */
export type Limit = <T>(task: () => Promise<T>) => Promise<T>;

/** @param maxRunning how many tasks run at the same time; an integer of at least 1 */
export function createLimit(maxRunning: number): Limit {
  let running = 0;
  const waiting: (() => void)[] = [];

  /** Hands the slot to the task that has waited longest, so that a new task cannot overtake it. */
  function leave(): void {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }

  async function run<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } finally {
      leave();
    }
  }

  return (task) => {
    if (running === maxRunning) return new Promise<void>((resolve) => waiting.push(resolve)).then(() => run(task));
    running += 1;
    return run(task);
  };
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from './program.ts';

const mostRestarts = 5;
const healthyMilliseconds = 60_000;

export interface Supervision {
  /** Starts the program once more. */
  readonly restart: () => Program;
  /** Whether it makes sense to start the program: what it needs is there. */
  readonly mayStart: () => Promise<boolean>;
  /** Pause before each start, in milliseconds. Default: 500. */
  readonly pause?: number;
  /** Ends the supervision. */
  readonly stopped: AbortSignal;
  readonly log: (line: string) => void;
}

/**
 * Starts a program again whenever it ends, up to five times; a program that has run for a minute has all five again.
 *
 * @returns a promise that resolves when the supervision is over
 */
export async function keepRunning(first: Program, options: Supervision): Promise<void> {
  const { restart, mayStart, pause = 500, stopped, log } = options;
  let program = first;
  let restarts = 0;
  while (true) {
    const started = performance.now();
    await program.ended;
    if (performance.now() - started > healthyMilliseconds) restarts = 0;
    if (restarts === mostRestarts) return log(`${program.name} has ended too often; it stays ended`);
    restarts += 1;
    try {
      do {
        await sleep(pause, undefined, { signal: stopped });
      } while (!(await mayStart()));
      program = restart();
    } catch (error) {
      if (stopped.aborted) return;
      throw error;
    }
  }
}

/** Restarts programs: on request, or whenever they end. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from './program.ts';
import { untilReady } from './readiness.ts';

const maxRestarts = 5;
const healthyMs = 60_000;

export interface RestartableOptions {
  /** Starts the program. */
  readonly run: () => Program;
  /** Returns the programs that it depends on. */
  readonly dependencies: () => readonly Program[];
  readonly isReady: () => Promise<boolean>;
}

/** A program that can be stopped and started again with the same port and data. */
export interface Restartable {
  /** Starts the program unless it is running, and waits until it is ready. */
  start(signal?: AbortSignal): Promise<Program>;
  /** Stops the program if it is running. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Returns the program while it is running, else an empty list. */
  programs(): readonly Program[];
}

/** Prepares a program without starting it. */
export function createRestartable({ run, dependencies, isReady }: RestartableOptions): Restartable {
  let program: Program | undefined;
  return {
    async start(signal) {
      const running = program ?? run();
      program = running;
      running.ended.then(() => {
        if (program === running) program = undefined;
      });
      await untilReady(running, { isReady, dependencies: dependencies(), signal });
      return running;
    },
    stop: async (signal) => program?.stop(signal),
    programs: () => (program ? [program] : []),
  };
}

export interface Supervision {
  /** Starts the program again. */
  readonly restart: () => Program;
  /** Whether the dependencies of the program are available. */
  readonly mayStart: () => Promise<boolean>;
  /** Delay before each restart, in milliseconds. Default: 500. */
  readonly delay?: number;
  /** Ends the supervision. */
  readonly stopped: AbortSignal;
  readonly log: (line: string) => void;
}

/**
 * Restarts a program whenever it ends, up to five times. The count starts again once the program has run for a minute.
 *
 * @returns a promise that resolves when the supervision ends
 */
export async function keepRunning(first: Program, options: Supervision): Promise<void> {
  const { restart, mayStart, delay = 500, stopped, log } = options;
  let program = first;
  let restarts = 0;
  while (true) {
    const started = performance.now();
    await program.ended;
    if (performance.now() - started > healthyMs) restarts = 0;
    if (restarts === maxRestarts) return log(`${program.name} has ended too often and is not restarted`);
    restarts += 1;
    try {
      do {
        await sleep(delay, undefined, { signal: stopped });
      } while (!(await mayStart()));
      program = restart();
    } catch (error) {
      if (stopped.aborted) return;
      throw error;
    }
  }
}

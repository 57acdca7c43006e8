import type { Program } from './program.ts';
import { untilReady } from './readiness.ts';

export interface RestartableOptions {
  /** Starts the program. */
  readonly run: () => Program;
  /** Programs that it cannot do without, as they are now. */
  readonly needs: () => readonly Program[];
  readonly isReady: () => Promise<boolean>;
}

/** A program that can be stopped and started again, on the same port and with the same data. */
export interface Restartable {
  /** Starts it, if it is not running, and waits until it is ready. */
  start(signal?: AbortSignal): Promise<Program>;
  /** Stops it, if it is running. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** It, while it is running. */
  programs(): readonly Program[];
}

/** Prepares a program; it is not started yet. */
export function createRestartable({ run, needs, isReady }: RestartableOptions): Restartable {
  let program: Program | undefined;
  return {
    async start(signal) {
      const running = program ?? run();
      program = running;
      running.ended.then(() => {
        if (program === running) program = undefined;
      });
      await untilReady(running, needs(), isReady, signal);
      return running;
    },
    stop: async (signal) => program?.stop(signal),
    programs: () => (program ? [program] : []),
  };
}

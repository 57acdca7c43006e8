import { setTimeout as sleep } from 'node:timers/promises';
import { lastLines, type Program } from './program.ts';

const pollMs = 50;
const timeoutMs = 120_000;

/** A program ended, or was not ready in time, while it was starting. */
export class StartError extends Error {
  /** Whether the program could not listen because another process used its port. */
  readonly portTaken: boolean;

  constructor(message: string, log: string) {
    super(`${message}; its last lines:\n${log}`);
    this.name = 'StartError';
    this.portTaken = /address already in use/.test(log);
  }
}

export interface ReadinessOptions {
  readonly isReady: () => Promise<boolean>;
  /** Other programs that must keep running meanwhile. */
  readonly dependencies: readonly Program[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until a program is ready, for up to two minutes.
 *
 * @throws StartError if the program or a dependency ends or the time is up; the reason of the signal if it is aborted
 */
export async function untilReady(program: Program, { isReady, dependencies, signal }: ReadinessOptions): Promise<void> {
  const over = new AbortController();
  const stopped = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
  const ends = [program, ...dependencies].map(async (one) => {
    const how = await one.ended;
    if (!over.signal.aborted) throw new StartError(`${one.name} ended (${how})`, await lastLines(one.logFile));
  });
  try {
    // The check itself can hang, so polling does not end as soon as the signal is aborted.
    await Promise.race([pollReadiness(program, isReady, stopped), ...ends, ...(signal ? [rejectOnAbort(signal)] : [])]);
  } finally {
    over.abort();
  }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

async function pollReadiness(program: Program, isReady: () => Promise<boolean>, stopped: AbortSignal): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isReady())) {
    stopped.throwIfAborted();
    if (performance.now() > deadline) {
      throw new StartError(`${program.name} was not ready in time`, await lastLines(program.logFile));
    }
    await sleep(pollMs, undefined, { signal: stopped });
  }
}

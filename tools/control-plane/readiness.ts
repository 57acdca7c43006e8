import { setTimeout as sleep } from 'node:timers/promises';
import { lastLines, type Program } from './program.ts';

const pollMilliseconds = 50;
const limitMilliseconds = 120_000;

/** A program ended, or was not ready in time, while the control plane was starting. */
export class StartError extends Error {
  /** Whether the program could not listen because another process had taken its port. */
  readonly portTaken: boolean;

  constructor(message: string, log: string) {
    super(`${message}; its last lines:\n${log}`);
    this.name = 'StartError';
    this.portTaken = /address already in use/.test(log);
  }
}

/**
 * Waits until a check says true.
 *
 * @param awaited - the program that the check is about; its log is shown if the check does not succeed in two minutes
 * @param running - programs that must not end meanwhile
 * @throws StartError if one ends or time is up, the reason of the signal if that is aborted
 */
export async function untilReady(
  awaited: Program,
  running: readonly Program[],
  check: () => Promise<boolean>,
  signal?: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const stopped = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
  const ends = [awaited, ...running].map(async (program) => {
    const how = await program.ended;
    if (!over.signal.aborted) throw new StartError(`${program.name} ended (${how})`, await lastLines(program.logFile));
  });
  try {
    await Promise.race([poll(awaited, check, stopped), ...ends]);
  } finally {
    over.abort();
  }
}

async function poll(awaited: Program, check: () => Promise<boolean>, stopped: AbortSignal): Promise<void> {
  const deadline = performance.now() + limitMilliseconds;
  while (!(await check())) {
    stopped.throwIfAborted();
    if (performance.now() > deadline) {
      throw new StartError(`${awaited.name} was not ready in time`, await lastLines(awaited.logFile));
    }
    await sleep(pollMilliseconds, undefined, { signal: stopped });
  }
}

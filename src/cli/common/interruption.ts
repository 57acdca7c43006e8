/** Ending a command before it is done. */
import { untilAborted } from '../../kube/time.ts';

/** Exit codes of a shell for a program that a signal ended: 128 and the number of the signal. */
const exitCodes = { SIGINT: 130, SIGPIPE: 141, SIGTERM: 143 } as const;

/** Why the signal of a context aborted. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
  readonly exitCode: number;

  /** @param signal SIGPIPE: nothing reads the result any more */
  constructor(signal: keyof typeof exitCodes) {
    super(`interrupted by ${signal}`);
    this.exitCode = exitCodes[signal];
  }
}

/** @returns the exit code of a command that a signal ended */
export function interruptedExitCode({ reason }: AbortSignal): number {
  return reason instanceof Interruption ? reason.exitCode : 1;
}

/**
 * Waits for a promise that changes nothing, such as a read that cannot be canceled.
 *
 * @throws the reason of the signal if it aborts; what the promise rejects with
 */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  await untilAborted(promise, signal);
  signal.throwIfAborted();
  return promise;
}

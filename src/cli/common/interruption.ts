/** Ending a command before it is done. */

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

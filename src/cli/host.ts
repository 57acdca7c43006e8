/** The output and the signals of the process, as commands see them. */
import type { CliContext, Output } from './common/context.ts';
import { Interruption } from './common/interruption.ts';

type EndSignal = 'SIGINT' | 'SIGTERM';

/** The parts of the process that are used. */
export interface HostProcess {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  on(signal: EndSignal, listener: (signal: EndSignal) => void): unknown;
  off(signal: EndSignal, listener: (signal: EndSignal) => void): unknown;
  exitCode?: number | string | null | undefined;
}

/**
 * Aborts the signal at SIGINT, at SIGTERM, and if the result cannot be written. After that, nothing is written to stdout. A
 * second SIGINT or SIGTERM ends the process immediately.
 */
export function attachTo(host: HostProcess): Pick<CliContext, 'stdout' | 'stderr' | 'signal'> {
  const controller = new AbortController();
  const { signal } = controller;
  abortAtSignals(host, controller);
  // A reader of messages that ends early, such as head, ends neither the command nor the agent.
  host.stderr.on('error', () => undefined);
  host.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // If the whole result is written, the command is done, and a reader that ends early is no failure.
    if (error.code === 'EPIPE') return controller.abort(new Interruption('SIGPIPE'));
    if (!signal.aborted) host.stderr.write(`error: cannot write the result: ${error.code}\n`);
    host.exitCode = 1;
    controller.abort(error);
  });
  return {
    stdout: outputTo(host.stdout, () => signal.throwIfAborted()),
    stderr: outputTo(host.stderr, () => undefined),
    signal,
  };
}

function abortAtSignals(host: HostProcess, controller: AbortController): void {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const abort = (signal: EndSignal) => {
    controller.abort(new Interruption(signal));
    // Later, because proper-lockfile has a listener that ends the process if it is the only one.
    queueMicrotask(() => {
      for (const one of signals) host.off(one, abort);
    });
  };
  for (const one of signals) host.on(one, abort);
}

function outputTo(stream: NodeJS.WriteStream, check: () => void): Output {
  return {
    write(text) {
      check();
      stream.write(text);
    },
    isTerminal: stream.isTTY === true,
  };
}

import { printable } from '../../kube/printable.ts';
import type { CliContext } from '../common/context.ts';

/** What a command waits for, as one line of the terminal that changes. */
export interface Progress {
  /** @param message state of what it waits for; empty if unknown */
  show(message: string): void;
  /** Removes the line. */
  end(): void;
}

const clearLine = '\r\u001b[K';

/** Writes to stderr, only if it is a terminal. */
export function createProgress({ stderr }: Pick<CliContext, 'stderr'>, title: string): Progress {
  if (!stderr.isTerminal) return { show: () => {}, end: () => {} };
  stderr.write(`${title}…`);
  return {
    show: (message) => stderr.write(`${clearLine}${title}…${message === '' ? '' : ` ${printable(message)}`}`),
    end: () => stderr.write(clearLine),
  };
}

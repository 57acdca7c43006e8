/** Entry point of kubectl-accesskey: the streams, the signals and the exit code of the process. */
import { homedir } from 'node:os';
import packageJson from '../../package.json' with { type: 'json' };
import type { CliContext, Output } from './common/context.ts';
import { runCli } from './program.ts';

function outputTo(stream: NodeJS.WriteStream): Output {
  // A reader that ends early, such as head, is no failure.
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  return { write: (text) => void stream.write(text), isTerminal: stream.isTTY === true };
}

/** Aborts at the first SIGINT or SIGTERM. A second one ends the process immediately. */
function signalOfProcess(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}

const context: CliContext = {
  env: process.env,
  home: homedir(),
  uid: process.getuid?.(),
  // A getter, because opening it takes time.
  get stdin() {
    return process.stdin;
  },
  stdout: outputTo(process.stdout),
  stderr: outputTo(process.stderr),
  now: Date.now,
  signal: signalOfProcess(),
  kill: process.kill,
  version: packageJson.version,
  connect: async (flags) => (await import('./common/connect.ts')).connect(flags, context),
};

// Not await: the single executable is a CommonJS module.
void runCli(process.argv.slice(2), context).then((exitCode) => {
  process.exitCode = exitCode;
});

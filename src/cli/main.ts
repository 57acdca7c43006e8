/** Entry point of kubectl-accesskey: the streams, the signals and the exit code of the process. */
import { homedir } from 'node:os';
import { isatty } from 'node:tty';
import packageJson from '../../package.json' with { type: 'json' };
import type { CliContext } from './common/context.ts';
import { attachTo } from './host.ts';
import { runCli } from './program.ts';

const { stdout, stderr, signal } = attachTo(process);

const context: CliContext = {
  env: process.env,
  home: homedir(),
  uid: process.getuid?.(),
  // A getter, because opening it takes time.
  get stdin() {
    return process.stdin;
  },
  stdinIsTerminal: isatty(0),
  stdout,
  stderr,
  now: Date.now,
  signal,
  kill: process.kill,
  version: packageJson.version,
  connect: async (flags, options) => (await import('./common/connect.ts')).connect(flags, context, options),
};

// Not await: the single executable is a CommonJS module.
void runCli(process.argv.slice(2), context).then((exitCode) => {
  process.exitCode ||= exitCode;
  // What the command waited for, such as standard input, may still keep the process alive.
  if (signal.aborted && exitCode !== 0) process.exit();
});

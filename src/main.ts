/**
 * Entry point: the command line, the log, signals and exit codes.
 */
import { type Logger, pino } from 'pino';
import packageJson from '../package.json' with { type: 'json' };
import { composeOperator } from './app/composition.ts';
import { runOperator } from './app/operator.ts';
import { type Configuration, ConfigurationError, readCommand, usage } from './config/load.ts';
import { loadServingCertificate } from './http/server/tls-certificate.ts';
import { TlsFileError } from './http/server/tls-pair.ts';
import { describeError } from './kube/errors.ts';
import { KubeconfigError } from './kube/kubeconfig.ts';
import { printableJSON } from './kube/printable.ts';

/** Exit code for an invalid command line or configuration; 1 is for every other failure. */
const usageExitCode = 2;

async function main(): Promise<void> {
  const command = readCommand(process.argv.slice(2), process.env);
  if (command.kind === 'help') process.stdout.write(usage);
  else if (command.kind === 'version') process.stdout.write(`${packageJson.version}\n`);
  else await run(command.configuration, command.kubeconfig);
}

async function run(configuration: Configuration, kubeconfig: string | undefined): Promise<void> {
  // Lines are written synchronously, so that no audit record is lost when the process dies.
  const log = pino({
    level: configuration.log.level,
    base: null,
    timestamp: createTimestamp(),
    hooks: { streamWrite: printableJSON },
  });
  const { tls } = configuration.http;
  const certificate = tls && (await loadServingCertificate(tls, { log, now: Date.now }));
  const program = { name: packageJson.name, version: packageJson.version };
  const pluginHost = { environment: process.env, kill: process.kill };
  const components = composeOperator({ configuration, kubeconfig, pluginHost, program, certificate, log });
  await runOperator(components, { configuration, program, log, untilSignal: () => untilSignal(log) });
}

/** Time of a log line (RFC 3339). The text is cached per millisecond, because formatting it costs 1.5 µs. */
function createTimestamp(): () => string {
  let last = 0;
  let text = '';
  return () => {
    const now = Date.now();
    if (now !== last) text = `,"time":"${new Date(now).toISOString()}"`;
    last = now;
    return text;
  };
}

/** Resolves at the first SIGTERM or SIGINT. A second one ends the process immediately, as is usual for Ctrl-C. */
function untilSignal(log: Logger): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const signals = ['SIGTERM', 'SIGINT'] as const;
  const handle = (signal: NodeJS.Signals) => {
    for (const one of signals) process.off(one, handle);
    log.info({ signal }, 'shutting down');
    resolve();
  };
  for (const one of signals) process.on(one, handle);
  return promise;
}

try {
  await main();
} catch (error) {
  const isUsageError = [ConfigurationError, KubeconfigError, TlsFileError].some((type) => error instanceof type);
  process.stderr.write(`accesskey-operator: ${describeError(error)}\n`);
  // Not process.exitCode: a server that already listens would keep the process running.
  process.exit(isUsageError ? usageExitCode : 1);
}

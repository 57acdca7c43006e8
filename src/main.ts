/**
 * Entry point: the command line, signals and exit codes. The parts are put together in parts.ts.
 */
import type { Logger } from 'pino';
import packageJson from '../package.json' with { type: 'json' };
import { createParts } from './app/composition.ts';
import { createLog } from './app/log.ts';
import { runOperator } from './app/operator.ts';
import { type Configuration, ConfigurationError, readCommand, usage } from './config/load.ts';
import { loadServingCertificate } from './http/server/tls-certificate.ts';
import { TlsFileError } from './http/server/tls-pair.ts';
import { describeError } from './kube/errors.ts';
import { KubeconfigError } from './kube/kubeconfig.ts';

/** Exit codes: 2 for what the person who starts it must mend, 1 for what went wrong later. */
const badUsage = 2;

async function main(): Promise<void> {
  const command = readCommand(process.argv.slice(2), process.env);
  if (command.kind === 'help') process.stdout.write(usage);
  else if (command.kind === 'version') process.stdout.write(`${packageJson.version}\n`);
  else await run(command.configuration, command.kubeconfig);
}

async function run(configuration: Configuration, kubeconfig: string | undefined): Promise<void> {
  const log = createLog(configuration.log.level);
  const { tls } = configuration.http;
  const certificate = tls && (await loadServingCertificate(tls, { log, now: Date.now }));
  const program = { name: packageJson.name, version: packageJson.version };
  const parts = createParts({ configuration, kubeconfig, program, certificate, log });
  await runOperator(parts, { configuration, program, log, untilSignal: () => untilSignal(log) });
}

/** Resolves at the first SIGTERM or SIGINT. A second one ends the process at once, as people expect of Ctrl-C. */
function untilSignal(log: Logger): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const signals = ['SIGTERM', 'SIGINT'] as const;
  const take = (signal: NodeJS.Signals) => {
    for (const one of signals) process.off(one, take);
    log.info({ signal }, 'shutting down');
    resolve();
  };
  for (const one of signals) process.on(one, take);
  return promise;
}

try {
  await main();
} catch (error) {
  const usageError = [ConfigurationError, KubeconfigError, TlsFileError].some((kind) => error instanceof kind);
  process.stderr.write(`accesskey-operator: ${describeError(error)}\n`);
  // Not exitCode: a server that is already listening would keep the process.
  process.exit(usageError ? badUsage : 1);
}

/** Command line of the control plane, `npm run control-plane`. */
import { parseArgs } from 'node:util';
import { startControlPlane } from './control-plane.ts';

const usage = `Usage: npm run control-plane -- --kubeconfig FILE [--no-workloads]

Runs a Kubernetes control plane on loopback ports until SIGTERM or SIGINT (Ctrl-C), and removes all its files at the end.

  --kubeconfig FILE  write the administrator's kubeconfig to this file; it is removed at the end
  --no-workloads     run without kube-scheduler and the simulated node, so that Pods stay Pending
  --help             print this help
`;

/** Interval of the checks whether npm is running, milliseconds. */
const parentCheckMs = 500;

interface Flags {
  readonly kubeconfig: string;
  readonly workloads: boolean;
}

/** Reads the command line flags. Throws an Error with a one-line message if they are invalid. */
function readFlags(args: readonly string[]): Flags | 'help' {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      kubeconfig: { type: 'string' },
      workloads: { type: 'boolean', default: true },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  if (!values.kubeconfig) throw new Error('--kubeconfig FILE is required');
  return { kubeconfig: values.kubeconfig, workloads: values.workloads };
}

/**
 * Returns a signal that is aborted at the first SIGTERM or SIGINT, and when npm has ended, which can be killed without
 * ending this process. A second SIGTERM or SIGINT ends this process immediately; its programs end in any case.
 */
function endSignal(): AbortSignal {
  const end = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => (end.signal.aborted ? process.exit(1) : end.abort()));
  }
  const parent = process.ppid;
  const isRunByNpm = process.env.npm_lifecycle_event !== undefined;
  if (isRunByNpm) setInterval(() => process.ppid !== parent && end.abort(), parentCheckMs).unref();
  return end.signal;
}

async function run({ kubeconfig, workloads }: Flags): Promise<void> {
  const signal = endSignal();
  try {
    const controlPlane = await startControlPlane({ kubeconfig, workloads, signal });
    process.stdout.write(`Ready: ${controlPlane.server}\nexport KUBECONFIG=${quote(controlPlane.kubeconfig)}\n`);
    await aborted(signal);
    await controlPlane.stop();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Waits for the signal, and keeps the process alive, which a listener alone does not. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const alive = setInterval(() => undefined, 2 ** 30);
    const end = () => {
      clearInterval(alive);
      resolve();
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

function quote(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

function fail(error: unknown, exitCode: number): void {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = exitCode;
}

function main(): Promise<void> | void {
  let flags: Flags | 'help';
  try {
    flags = readFlags(process.argv.slice(2));
  } catch (error) {
    return fail(error, 2);
  }
  if (flags === 'help') process.stdout.write(usage);
  else return run(flags).catch((error: unknown) => fail(error, 1));
}

await main();

import { parseArgs } from 'node:util';
import { startControlPlane } from './control-plane.ts';

const usage = `Usage: npm run control-plane -- --kubeconfig FILE [--no-workloads]

Runs a Kubernetes control plane on loopback ports until SIGTERM or SIGINT (Control-C), and leaves nothing behind.

  --kubeconfig FILE  where to write the administrator's kubeconfig; removed at the end
  --no-workloads     without kube-scheduler and a simulated node: Pods and Deployments stay pending
  --help             print this
`;

interface Arguments {
  readonly kubeconfig: string;
  readonly workloads: boolean;
}

/** Reads the arguments of the command line. Throws an Error that says in a line what is wrong with them. */
function readArguments(words: readonly string[]): Arguments | 'help' {
  const { values } = parseArgs({
    args: [...words],
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

/** Aborted at the first SIGTERM or SIGINT. */
function endSignal(): AbortSignal {
  const end = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => end.abort());
  return end.signal;
}

async function run({ kubeconfig, workloads }: Arguments): Promise<void> {
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

/** Keeps the process alive, which a listener on a signal does not. */
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
  let read: Arguments | 'help';
  try {
    read = readArguments(process.argv.slice(2));
  } catch (error) {
    return fail(error, 2);
  }
  if (read === 'help') process.stdout.write(usage);
  else return run(read).catch((error: unknown) => fail(error, 1));
}

await main();

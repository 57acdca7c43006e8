/**
 * The demo, `npm run demo`: shows the main use case on a temporary control plane or an existing cluster. It installs
 * the manifests, starts the operator with its ServiceAccount, applies examples/, and performs the steps of a user
 * (tour.ts). With --kind, it runs in a kind cluster instead (kind.ts).
 */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { installManifests, writeOperatorKubeconfig } from '../install.ts';
import { createKubectl, type Kubectl, requireCluster } from '../kubectl.ts';
import { type OperatorProcess, startOperator } from '../operator-process.ts';
import { startKindDemo } from './kind.ts';
import { showTour } from './tour.ts';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));
const usage = `Usage: npm run demo -- [--once] [--kubeconfig FILE | --kind]

  --once             run all steps, check their results and exit; the exit code is 1 if a check fails
  --kubeconfig FILE  use this cluster instead of a temporary control plane; requires administrator access,
                     and the manifests and examples remain installed
  --kind             create or reuse a kind cluster, run the operator in it, and use its Service
  --help             print this help
`;

interface Cluster {
  kubectl: Kubectl;
  stop(): Promise<void>;
}

function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

async function openCluster(kubeconfig: string | undefined): Promise<Cluster> {
  if (kubeconfig !== undefined) {
    const kubectl = createKubectl('kubectl', kubeconfig);
    await requireCluster(kubectl);
    return { kubectl, stop: async () => {} };
  }
  print('Starting a control plane: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok');
  const controlPlane = await startControlPlane({ workloads: true });
  return { kubectl: createKubectl(controlPlane.kubectl, controlPlane.kubeconfig), stop: controlPlane.stop };
}

async function startDemoOperator(kubectl: Kubectl, directory: string): Promise<OperatorProcess> {
  const kubeconfig = join(directory, 'operator.kubeconfig');
  const config = join(directory, 'config.yaml');
  await writeOperatorKubeconfig(kubectl, kubeconfig);
  const loopback = { address: '127.0.0.1', port: 0 };
  const configuration = { apiVersion: 'config.ghippo.io/v1alpha1', kind: 'OperatorConfiguration' };
  // Without TLS, because all traffic stays on this machine.
  const http = { ...loopback, plain: true, shutdownDelaySeconds: 0 };
  await writeFile(config, stringify({ ...configuration, http, health: loopback }));
  const operator = await startOperator(['--kubeconfig', kubeconfig, '--config', config]);
  await operator.ready();
  return operator;
}

async function runDemo(exits: boolean, kubeconfig: string | undefined): Promise<void> {
  const cluster = await openCluster(kubeconfig);
  const directory = await mkdtemp(join(tmpdir(), 'accesskey-demo-'));
  let operator: OperatorProcess | undefined;
  try {
    print('Installing manifests/base: CRD, RBAC, admission policies');
    await installManifests(cluster.kubectl);
    print('Starting the operator as ServiceAccount accesskey-system/accesskey-operator');
    operator = await startDemoOperator(cluster.kubectl, directory);
    print('Applying examples/\n');
    await cluster.kubectl.run(['apply', '-k', examples]);
    await showTour(cluster.kubectl, operator.url, print);
    if (!exits) await waitForInterrupt(operator, cluster.kubectl);
  } finally {
    await operator?.stop();
    await cluster.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function runKindDemo(exits: boolean): Promise<void> {
  const demo = await startKindDemo(print);
  try {
    // Also if the tour fails, because the cluster stays.
    await showTour(demo.kubectl, demo.forward.url, print).finally(() => print(demo.removal));
    if (exits) return;
    printAddresses(demo.forward.url, demo.kubectl);
    await Promise.race([interrupted(), demo.forward.ended]);
  } finally {
    await demo.stop();
  }
}

function printAddresses(url: string, { kubeconfig }: Kubectl): void {
  print(`Web console:  ${url}/ (sign in with the ak and sk in the Secret alice-ci, or with a token of the cluster)`);
  print(`Platform API: ${url}, reference at ${url}/docs`);
  print('\nFor kubectl and the command line, in another terminal in this folder:');
  print(`  export KUBECONFIG=${kubeconfig}\n  export ACCESSKEY_URL=${url}\n  npx kubectl-accesskey list -A\n`);
  print('Press Ctrl-C to stop the demo.');
}

function interrupted(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  process.once('SIGINT', resolve).once('SIGTERM', resolve);
  return promise;
}

async function waitForInterrupt(operator: OperatorProcess, kubectl: Kubectl): Promise<void> {
  print(`Probes:       ${operator.healthUrl}/readyz`);
  printAddresses(operator.url, kubectl);
  await Promise.race([interrupted(), once(operator.process, 'exit')]);
  if (operator.process.exitCode !== null)
    throw new Error(`the operator exited unexpectedly:\n${operator.output.slice(-5).join('\n')}`);
}

function readFlags() {
  const options = {
    once: { type: 'boolean' },
    kubeconfig: { type: 'string' },
    kind: { type: 'boolean' },
    help: { type: 'boolean' },
  } as const;
  try {
    const { values } = parseArgs({ options });
    if (values.kind && values.kubeconfig !== undefined) throw new Error('--kind and --kubeconfig exclude each other');
    return values;
  } catch (error) {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : error} (see --help)\n`);
    process.exit(2);
  }
}

const flags = readFlags();
if (flags.help) print(usage);
else {
  try {
    const { once: exits = false, kubeconfig, kind } = flags;
    await (kind ? runKindDemo(exits) : runDemo(exits, kubeconfig));
  } catch (error) {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}

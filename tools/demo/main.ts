/**
 * The main job from end to end, on a control plane of its own or on an existing cluster: installs, starts the operator
 * under its own ServiceAccount, applies examples/, then does by hand what a user does and shows the real answers.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { installManifests, writeOperatorKubeconfig } from '../install.ts';
import { createKubectl, type Kubectl } from '../kubectl.ts';
import { type OperatorProcess, startOperator } from '../operator-process.ts';
import { showTour } from './tour.ts';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));
const usage = `Usage: npm run demo -- [--once] [--kubeconfig FILE]

  --once             do everything, check every answer, end; the exit code says whether all was as it must be
  --kubeconfig FILE  use this cluster (as its administrator) instead of a control plane of the demo's own;
                     the manifests and examples stay there
`;

interface Cluster {
  kubectl: Kubectl;
  stop(): Promise<void>;
}

function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

async function openCluster(kubeconfig: string | undefined): Promise<Cluster> {
  if (kubeconfig !== undefined) return { kubectl: createKubectl('kubectl', kubeconfig), stop: async () => {} };
  say('Starting a control plane: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok');
  const controlPlane = await startControlPlane({ workloads: true });
  return { kubectl: createKubectl(controlPlane.kubectl, controlPlane.kubeconfig), stop: controlPlane.stop };
}

async function startDemoOperator(kubectl: Kubectl, directory: string): Promise<OperatorProcess> {
  const kubeconfig = join(directory, 'operator.kubeconfig');
  const config = join(directory, 'config.yaml');
  await writeOperatorKubeconfig(kubectl, kubeconfig);
  const loopback = { address: '127.0.0.1', port: 0 };
  const configuration = { apiVersion: 'config.ghippo.io/v1alpha1', kind: 'OperatorConfiguration' };
  // Without TLS, for nothing leaves this machine.
  const http = { ...loopback, plain: true, shutdownDelaySeconds: 0 };
  await writeFile(config, stringify({ ...configuration, http, health: loopback }));
  const operator = await startOperator(['--kubeconfig', kubeconfig, '--config', config]);
  await operator.ready();
  return operator;
}

async function demo(once: boolean, kubeconfig: string | undefined): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'accesskey-demo-'));
  const cluster = await openCluster(kubeconfig);
  let operator: OperatorProcess | undefined;
  try {
    say('Installing manifests/base: CRD, rights, admission policy');
    await installManifests(cluster.kubectl);
    say('Starting the operator as ServiceAccount accesskey-system/accesskey-operator');
    operator = await startDemoOperator(cluster.kubectl, directory);
    say('Applying examples/\n');
    await cluster.kubectl.run(['apply', '-k', examples]);
    await showTour(cluster.kubectl, operator.url, say);
    if (!once) await stayUp(operator, cluster.kubectl);
  } finally {
    await operator?.stop();
    await cluster.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function stayUp(operator: OperatorProcess, kubectl: Kubectl): Promise<void> {
  say(`The platform API answers at ${operator.url}, the probes at ${operator.healthUrl}/readyz`);
  say(
    `The page of people's keys: ${operator.url}/, sign in with ak and sk of a Secret, or with a token of the cluster`,
  );
  say(`kubectl: export KUBECONFIG=${kubectl.kubeconfig}`);
  say('Ctrl-C ends the demo.');
  const signal = Promise.withResolvers<void>();
  process.once('SIGINT', signal.resolve).once('SIGTERM', signal.resolve);
  operator.process.once('exit', signal.resolve);
  await signal.promise;
  if (operator.process.exitCode !== null)
    throw new Error(`the operator ended:\n${operator.output.slice(-5).join('\n')}`);
}

function readFlags() {
  const options = { once: { type: 'boolean' }, kubeconfig: { type: 'string' }, help: { type: 'boolean' } } as const;
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : error} (see --help)\n`);
    process.exit(2);
  }
}

const { once = false, kubeconfig, help } = readFlags();
if (help) say(usage);
else {
  try {
    await demo(once, kubeconfig);
  } catch (error) {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}

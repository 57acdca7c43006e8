/** The demo in a kind cluster: the operator runs as a Deployment, and the tour uses its Service. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory, logToStandardError as log } from '../cache.ts';
import { locateKubectl } from '../go-programs/locate.ts';
import { operatorNamespace, waitForPolicies } from '../install.ts';
import { clusterExists, createCluster, deleteCluster, type KindOptions, openCluster } from '../kind/cluster.ts';
import { openKindDocker } from '../kind/docker.ts';
import { explainFailure } from '../kind/failures.ts';
import { locateKind } from '../kind/kind.ts';
import { provideNodeImage } from '../kind/node-image.ts';
import { createKubectl, type Kubectl } from '../kubectl.ts';
import { openPortForward, type PortForward } from '../port-forward.ts';
import { loadDemoImages } from './images.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const name = 'accesskey-demo';
const operator = 'accesskey-operator';

export interface KindDemo {
  readonly kubectl: Kubectl;
  readonly forward: PortForward;
  /** How to remove the cluster, as a line of text. */
  readonly removal: string;
  /** Ends the port-forward, and a cluster that cannot outlive this process. */
  stop(): Promise<void>;
}

/**
 * Creates or reuses the demo's cluster, and installs the operator and the examples.
 *
 * @param print receives the steps
 */
export async function startKindDemo(print: (line: string) => void): Promise<KindDemo> {
  const [kind, kubectlPath] = [await locateKind(log), await locateKubectl()];
  const docker = await openKindDocker(log);
  const { temporary } = docker;
  const directory = join(temporary?.directory ?? join(cacheDirectory(process.env), 'kind'), name);
  const options = { kind, docker, name, kubectl: kubectlPath, directory };
  const end = () => (temporary ? deleteCluster(options).finally(docker.close) : docker.close());
  try {
    const cluster = await openOrCreate(options, print);
    const { kubeconfig } = cluster;
    const kubectl = createKubectl(kubectlPath, kubeconfig);
    print('Building and loading the operator image');
    await loadDemoImages(cluster, { canPull: !temporary });
    print('Installing manifests/base with kubectl apply -k');
    await install(kubectl);
    print('Applying examples/\n');
    await kubectl.run(['apply', '-k', join(repository, 'examples')]);
    const forward = await openPortForward(kubectl, operatorNamespace, operator);
    const removal = temporary
      ? 'The cluster ends with the demo, because this machine runs no Docker daemon.'
      : `Remove the cluster with: ${kind} delete cluster --name ${name} --kubeconfig ${kubeconfig}`;
    return {
      kubectl,
      forward,
      removal,
      async stop() {
        forward.stop();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

async function openOrCreate(options: KindOptions, print: (line: string) => void) {
  const { docker } = options;
  if (await clusterExists(options)) {
    print(`Reusing the kind cluster ${name}`);
    // The error means that its creation was interrupted, or that the machine was restarted.
    const opened = await openCluster(options).catch((error: Error) => {
      log(`${explainFailure('cannot reuse it', error).message}. Creating a new one`);
    });
    if (opened) return opened;
    await deleteCluster(options);
  }
  const canPull = docker.temporary === undefined;
  const image = process.env.E2E_KIND_IMAGE || (await provideNodeImage({ docker: docker.run, canPull, log }));
  print(`Creating the kind cluster ${name}`);
  return createCluster(options, image, 0);
}

async function install(kubectl: Kubectl): Promise<void> {
  const inNamespace = ['-n', operatorNamespace];
  const installed = await kubectl.run(['get', 'deployment', operator, ...inNamespace, '--ignore-not-found']);
  await kubectl.run(['apply', '-k', join(repository, 'manifests/base')]);
  await kubectl.run(['wait', '--for=condition=Established', 'crd/accesskeys.ghippo.io', '--timeout=60s']);
  await waitForPolicies(kubectl);
  // The image may have changed, but its name has not.
  if (installed !== '') await kubectl.run(['rollout', 'restart', `deployment/${operator}`, ...inNamespace]);
  await kubectl.run(['rollout', 'status', `deployment/${operator}`, ...inNamespace, '--timeout=180s']);
}

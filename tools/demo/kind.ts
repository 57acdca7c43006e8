/** The demo in a kind cluster: the operator runs as a Deployment, and the tour uses its Service. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory, logToStandardError as log } from '../cache.ts';
import { locateKubectl, locatePrograms } from '../go-programs/locate.ts';
import { nodePrograms } from '../go-programs/program-sets.ts';
import { provideBaseImage } from '../images/base-image.ts';
import { withDocker } from '../images/docker.ts';
import { operatorNamespace, waitForPolicies } from '../install.ts';
import { clusterExists, createCluster, deleteCluster, type KindOptions, openCluster } from '../kind/cluster.ts';
import { openKindDocker } from '../kind/docker.ts';
import { locateKind } from '../kind/kind.ts';
import { provideNodeImage } from '../kind/node-image.ts';
import { createKubectl, type Kubectl } from '../kubectl.ts';
import { openPortForward, type PortForward } from '../port-forward.ts';
import { createPauseImage } from '../single-node/pause-image.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const name = 'accesskey-demo';
const operator = 'accesskey-operator';
/** The image that manifests/base uses. */
const operatorImage = 'accesskey-operator:0.1.0';
/** The image of the Deployments in examples/. */
const exampleImage = 'nginx:1.29';

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
    const { kubeconfig, loadImages } = await openOrCreate(options, print);
    const kubectl = createKubectl(kubectlPath, kubeconfig);
    await withTemporaryFolder(async (folder) => {
      print('Building and loading the operator image');
      await loadImages(await buildOperatorImage(folder));
      // Nodes can pull images only if Docker can.
      if (temporary) await loadImages(await createPlaceholder(folder));
    });
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
    const opened = await openCluster(options).catch((error: Error) => log(error.message));
    if (opened) return opened;
    // Its creation was interrupted, or the machine was restarted.
    await deleteCluster(options);
  }
  const canPull = docker.temporary === undefined;
  const image = process.env.E2E_KIND_IMAGE || (await provideNodeImage({ docker: docker.run, canPull, log }));
  print(`Creating the kind cluster ${name}`);
  return createCluster(options, image, 0);
}

async function withTemporaryFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'accesskey-demo-'));
  await use(folder).finally(() => rm(folder, { recursive: true, force: true }));
}

/** @returns path of the archive */
async function buildOperatorImage(folder: string): Promise<string> {
  const archive = join(folder, 'operator.tar');
  await withDocker(log, async (docker) => {
    const base = await provideBaseImage(docker, log);
    const from = ['--build-arg', `BASE_IMAGE=${base}`];
    await docker.run('build', ...docker.buildFlags, ...from, '--tag', operatorImage, repository);
    await docker.run('save', '--output', archive, operatorImage);
  });
  return archive;
}

/** Creates an image for the Deployments of the examples, which only need to run. @returns path of the archive */
async function createPlaceholder(folder: string): Promise<string> {
  const { pause } = await locatePrograms(nodePrograms, { only: ['pause'] });
  const archive = join(folder, 'example.tar');
  await createPauseImage({ name: `docker.io/library/${exampleImage}`, pause, archive });
  return archive;
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

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { createKubectl, type Kubectl } from '../../tools/kubectl.ts';
import { buildImages, images } from './images/build.ts';
import { repository, writePrevious } from './previous.ts';
import { chooseProvider } from './providers/choose.ts';
import type { Cluster } from './providers/provider.ts';

/** Namespace of the services that use the operator. */
export const shop = 'shop';
export const operatorNamespace = 'accesskey-system';
/** The operator's address for the cluster's services. */
export const serviceUrl = 'http://accesskey-operator.accesskey-system';

/** What the suite runs with: a cluster that knows the images. */
export interface Environment {
  readonly cluster: Cluster;
  readonly kubectl: Kubectl;
  /** Folder of the kustomization that installs the operator. */
  readonly install: string;
  /** The same for the previous release; undefined in a clone without that history. */
  readonly installPrevious: string | undefined;
  stop(): Promise<void>;
}

/**
 * Builds the images, starts the cluster and gives it the images.
 *
 * @throws Error that says what is missing when this machine has no cluster
 */
export async function prepareEnvironment(): Promise<Environment> {
  const started = performance.now();
  const log = (line: string) => {
    process.stderr.write(`e2e ${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${line}\n`);
  };
  const provider = await chooseProvider();
  const directory = await mkdtemp(join(tmpdir(), 'accesskey-e2e-'));
  const previous = join(directory, 'previous');
  const revision = await writePrevious(previous);
  const archive = join(directory, 'images.tar');
  try {
    await buildImages({ archive, previous: revision && previous, log });
    log('Images are built');
    const cluster = await provider.start(log);
    log(`The cluster (${provider.name}) runs`);
    const stop = async () => {
      await cluster.stop();
      await rm(directory, { recursive: true, force: true });
      log('The cluster is gone');
    };
    await cluster.loadImages(archive).catch((error) => stop().then(() => Promise.reject(error)));
    log('The cluster has the images');
    return {
      cluster,
      kubectl: createKubectl(cluster.kubectl, cluster.kubeconfig),
      install: join(repository, 'test/e2e/install'),
      installPrevious: revision && (await writeInstallation(previous)),
      stop,
    };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** The previous release has its own manifests; whether they know two replicas differs. */
async function writeInstallation(sources: string): Promise<string> {
  const directory = join(sources, 'test-install');
  await mkdir(directory);
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: ['../manifests/base'],
    replicas: [{ name: 'accesskey-operator', count: 2 }],
    images: [{ name: 'accesskey-operator', newTag: images.previous.split(':')[1] }],
  };
  await writeFile(join(directory, 'kustomization.yaml'), stringify(kustomization));
  return directory;
}

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { locatePrograms } from '../../tools/go-programs/locate.ts';
import { helmPrograms } from '../../tools/go-programs/program-sets.ts';
import { createKubectl, type Kubectl } from '../../tools/kubectl.ts';
import { type Helm, openHelm } from '../support/helm.ts';
import { buildImages, images } from './images/build.ts';
import { repository, writePrevious } from './previous.ts';
import { chooseProvider } from './providers/choose.ts';
import type { Cluster } from './providers/provider.ts';

/** Namespace of the services that use the operator. */
export const shop = 'shop';
export const operatorNamespace = 'accesskey-system';
/** The operator's address for the cluster's services. */
export const serviceUrl = 'http://accesskey-operator.accesskey-system';

/** The cluster of the suite, with the images loaded. */
export interface Environment {
  readonly cluster: Cluster;
  readonly kubectl: Kubectl;
  readonly helm: Helm;
  /** Folder of the kustomization that installs the operator. */
  readonly install: string;
  /** The same for the previous release, or undefined in a clone without that history. */
  readonly installPrevious: string | undefined;
  stop(): Promise<void>;
}

/**
 * Builds the images and programs, starts the cluster and loads the images.
 *
 * @throws Error with the missing requirements if this machine cannot run a cluster
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
    log('Built the images');
    await locatePrograms(helmPrograms, { log });
    const cluster = await provider.start(log);
    log(`Started the cluster (${provider.name})`);
    const stop = async () => {
      await cluster.stop();
      await rm(directory, { recursive: true, force: true });
      log('Removed the cluster');
    };
    await cluster.loadImages(archive).catch((error) => stop().then(() => Promise.reject(error)));
    log('Loaded the images');
    return {
      cluster,
      kubectl: createKubectl(cluster.kubectl, cluster.kubeconfig),
      helm: await openHelm(cluster.kubeconfig),
      install: join(repository, 'test/e2e/install'),
      installPrevious: revision && (await writeInstallation(previous)),
      stop,
    };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** The previous release is restarted if its start takes more than a minute, as on a busy machine. */
const longStart = [
  { op: 'replace', path: '/spec/template/spec/containers/0/startupProbe/failureThreshold', value: 300 },
];

/** Writes a kustomization of the previous release's manifests with two replicas. */
async function writeInstallation(sources: string): Promise<string> {
  const directory = join(sources, 'test-install');
  await mkdir(directory);
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: ['../manifests/base'],
    replicas: [{ name: 'accesskey-operator', count: 2 }],
    images: [{ name: 'accesskey-operator', newTag: images.previous.split(':')[1] }],
    patches: [{ target: { kind: 'Deployment' }, patch: stringify(longStart) }],
  };
  await writeFile(join(directory, 'kustomization.yaml'), stringify(kustomization));
  return directory;
}

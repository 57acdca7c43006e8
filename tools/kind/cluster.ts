/** A kind cluster. */
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { createKubectl } from '../kubectl.ts';
import { run } from '../run-command.ts';
import type { KindDocker } from './docker.ts';
import { explainFailure } from './failures.ts';
import { connectPods, type KindNode, kindNode } from './nodes.ts';

const apiServerPort = 6443;

export interface KindOptions {
  /** Path of kind. */
  readonly kind: string;
  readonly docker: KindDocker;
  readonly name: string;
  /** Path of kubectl. */
  readonly kubectl: string;
  /** Folder for the kubeconfig, created if missing. */
  readonly directory: string;
}

/** What is needed to delete a cluster. */
export interface ClusterReference extends Pick<KindOptions, 'kind' | 'name' | 'directory'> {
  readonly docker: Pick<KindDocker, 'environment' | 'run'>;
}

const network = 'kind';
/** A file in the folder of a cluster, whose deletion also deletes Docker's network. */
const networkMarker = 'owns-network';

/**
 * Records that Docker's network of kind clusters, which kind creates and never deletes, is deleted with this cluster,
 * unless the network exists already.
 */
export async function claimNetwork({ docker, directory }: ClusterReference): Promise<void> {
  const exists = await docker.run('network', 'inspect', network).then(
    () => true,
    () => false,
  );
  if (exists) return;
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, networkMarker), '');
}

export interface KindCluster {
  readonly kubeconfig: string;
  readonly kubectl: string;
  /** Nodes without the control plane; empty in a cluster with one node. */
  readonly workers: readonly KindNode[];
  /** Loads the images of an archive (`docker save`) into every node. */
  loadImages(archive: string): Promise<void>;
  /** Restarts the kubelet of every node. */
  restartKubelets(): Promise<void>;
}

/** Returns whether kind knows a cluster with this name. */
export async function clusterExists({ kind, docker, name }: ClusterReference): Promise<boolean> {
  const names = await run(kind, ['get', 'clusters', '--quiet'], { env: docker.environment });
  return names.split('\n').includes(name);
}

/**
 * Creates a cluster.
 *
 * @param workers number of nodes in addition to the control plane, which runs pods only if there are no others
 * @throws Error with one line about the cause; the cluster is deleted then
 */
export async function createCluster(options: KindOptions, image: string, workers: number): Promise<KindCluster> {
  const { kind, docker, name, directory } = options;
  await mkdir(directory, { recursive: true });
  const configuration = join(directory, 'kind.yaml');
  await writeFile(configuration, stringify(clusterConfiguration(docker.temporary?.address, workers)));
  const files = ['--config', configuration, '--kubeconfig', kubeconfigOf(options)];
  try {
    await run(kind, ['create', 'cluster', '--name', name, '--image', image, ...files, '--wait', '180s'], {
      env: docker.environment,
    });
    return await openCluster(options);
  } catch (error) {
    await deleteCluster(options).catch(() => undefined);
    throw explainFailure(`cannot create the kind cluster ${name}`, error as Error);
  }
}

function clusterConfiguration(address: string | undefined, workers: number) {
  return {
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    kind: 'Cluster',
    // kind would look for a free port of an address of this machine.
    ...(address !== undefined && { networking: { apiServerAddress: address, apiServerPort } }),
    nodes: [{ role: 'control-plane' }, ...Array.from({ length: workers }, () => ({ role: 'worker' }))],
  };
}

/** Opens an existing cluster. Writes its kubeconfig. */
export async function openCluster(options: KindOptions): Promise<KindCluster> {
  const { kind, docker, name } = options;
  const env = docker.environment;
  const kubeconfig = kubeconfigOf(options);
  await mkdir(options.directory, { recursive: true });
  await run(kind, ['export', 'kubeconfig', '--name', name, '--kubeconfig', kubeconfig], { env });
  const kubectl = createKubectl(options.kubectl, kubeconfig);
  await connectPods(kubectl, docker);
  await kubectl.run(['rollout', 'status', 'deployment/coredns', '-n', 'kube-system', '--timeout=180s']);
  const nodes = (await run(kind, ['get', 'nodes', '--name', name], { env })).split('\n').filter(Boolean).sort();
  const workers = nodes.filter((node) => !node.endsWith('-control-plane'));
  return {
    kubeconfig,
    kubectl: options.kubectl,
    workers: workers.map((node) => kindNode(node, kubectl, docker)),
    async loadImages(archive) {
      await run(kind, ['load', 'image-archive', archive, '--name', name], { env }).catch((error: Error) => {
        throw explainFailure('cannot load the images into the kind cluster', error);
      });
    },
    async restartKubelets() {
      for (const node of nodes) await docker.run('exec', node, 'systemctl', 'restart', 'kubelet');
    },
  };
}

/** Deletes a cluster, also one that is incomplete or does not exist. */
export async function deleteCluster(options: ClusterReference): Promise<void> {
  const { kind, docker, name, directory } = options;
  const kubeconfig = kubeconfigOf(options);
  await run(kind, ['delete', 'cluster', '--name', name, '--kubeconfig', kubeconfig], { env: docker.environment });
  // Docker refuses to delete a network with containers of other clusters.
  if (existsSync(join(directory, networkMarker))) await docker.run('network', 'rm', network).catch(() => undefined);
  await rm(directory, { recursive: true, force: true });
}

function kubeconfigOf({ directory }: Pick<KindOptions, 'directory'>): string {
  return join(directory, 'kubeconfig');
}

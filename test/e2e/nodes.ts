import type { KindNode } from '../../tools/kind/nodes.ts';
import type { Kubectl } from '../../tools/kubectl.ts';
import { poll } from '../../tools/poll.ts';
import { type AccessKeyObject, accessKeyManifest } from '../support/platform.ts';
import { shop } from './environment.ts';
import { loadName } from './load.ts';
import type { Cluster } from './providers/provider.ts';
import { stepTimeout } from './time-limit.ts';

/** @returns a worker that can fail without ending the load, or undefined if the cluster has fewer than two workers */
export async function workerWithoutLoad({ workers }: Cluster, kubectl: Kubectl): Promise<KindNode | undefined> {
  if (workers.length < 2) return undefined;
  const pods = await kubectl.get<{ items: { spec: { nodeName: string } }[] }>(
    'pods',
    '-n',
    shop,
    '-l',
    `app=${loadName}`,
  );
  const used = pods.items.map(({ spec }) => spec.nodeName);
  return workers.find(({ name }) => !used.includes(name));
}

/** Evicts all pods of a node, calls `work`, and makes the node available again. */
export async function withDrainedNode(kubectl: Kubectl, node: string, work: () => Promise<void>): Promise<void> {
  await kubectl.run(['drain', node, '--ignore-daemonsets', '--delete-emptydir-data', stepTimeout]);
  await work().finally(() => kubectl.run(['uncordon', node]));
}

/** Creates an AccessKey and rotates its key pair. Another replica may have to become the leader first. */
export async function rotateNewKey(kubectl: Kubectl, name: string): Promise<void> {
  for (const revision of [1, 2]) {
    await kubectl.apply(accessKeyManifest(shop, name, { keyPairs: [{ name: 'main', revision }] }));
    const recorded = async () => {
      const { status } = await kubectl.get<AccessKeyObject>('accesskey', name, '-n', shop);
      return status?.keyPairs?.[0]?.revision === revision;
    };
    await poll(`revision ${revision} of ${name}`, recorded, 90_000);
  }
}

/** The nodes of a kind cluster. */
import type { Kubectl } from '../kubectl.ts';
import { poll } from '../poll.ts';
import type { KindDocker } from './docker.ts';

/** A node that can fail. */
export interface KindNode {
  readonly name: string;
  /** Ends all its processes, as a power failure does. */
  kill(): Promise<void>;
  /** Starts a killed node, and waits until it is Ready. */
  start(): Promise<void>;
}

export function kindNode(name: string, kubectl: Kubectl, docker: KindDocker): KindNode {
  return {
    name,
    kill: async () => void (await docker.run('kill', name)),
    async start() {
      await docker.run('start', name);
      await connectPods(kubectl, docker);
      await kubectl.run(['wait', '--for=condition=Ready', `node/${name}`, '--timeout=180s']);
    },
  };
}

interface Nodes {
  items: {
    metadata: { name: string };
    spec: { podCIDR?: string };
    status: { addresses: { type: string; address: string }[] };
  }[];
}

/** Adds routes between the pods of different nodes, unless kind's CNI daemon of the published image adds them. */
export async function connectPods(kubectl: Kubectl, docker: KindDocker): Promise<void> {
  const daemons = await kubectl.run(['get', 'daemonset', 'kindnet', '-n', 'kube-system', '--ignore-not-found']);
  if (daemons !== '') return;
  const { items } = await poll('the pod networks of all nodes', async () => {
    const nodes = await kubectl.get<Nodes>('nodes');
    return nodes.items.every(({ spec }) => spec.podCIDR !== undefined) && nodes;
  });
  for (const { metadata } of items) {
    if (!(await isRunning(docker, metadata.name))) continue;
    for (const other of items.filter((node) => node.metadata.name !== metadata.name)) {
      const address = other.status.addresses.find(({ type }) => type === 'InternalIP')?.address ?? '';
      const route = ['ip', 'route', 'replace', other.spec.podCIDR ?? '', 'via', address];
      await docker.run('exec', metadata.name, ...route);
    }
  }
}

async function isRunning(docker: KindDocker, node: string): Promise<boolean> {
  return (await docker.run('inspect', '--format', '{{.State.Running}}', node)).trim() === 'true';
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Kubectl } from '../../tools/kubectl.ts';
import { operatorNamespace } from './environment.ts';
import { rolledOut } from './workloads.ts';

const name = 'accesskey-operator';
const inNamespace = ['-n', operatorNamespace];

interface Pods {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly uid: string };
    readonly status: { readonly containerStatuses: readonly { readonly restartCount: number }[] };
  }[];
}

/** The installed operator. */
export interface InstalledOperator {
  /** Installs or changes it with the kustomization in a folder, and waits until all pods are of it. */
  install(directory: string): Promise<void>;
  /** Replaces its pods by new ones. */
  restart(): Promise<void>;
  /** Waits until all its pods are ready. */
  ready(): Promise<void>;
  /** Each pod's uid and how often its container was restarted. */
  pods(): Promise<{ uid: string; restarts: number }[]>;
  /** Who leads: the Lease's holder. */
  leader(): Promise<string>;
  /** Kills the leader's pod without notice. */
  killLeader(): Promise<void>;
  /** Does something with the address of a port-forward to the Service. */
  forwarded(use: (url: string) => Promise<void>): Promise<void>;
}

export function installedOperator(kubectl: Kubectl): InstalledOperator {
  const ready = () => rolledOut(kubectl, operatorNamespace, name);
  const podList = () => kubectl.get<Pods>('pods', ...inNamespace);
  const leader = async () => {
    const lease = await kubectl.get<{ spec: { holderIdentity: string } }>('lease', name, ...inNamespace);
    return lease.spec.holderIdentity;
  };
  return {
    ready,
    leader,
    async install(directory) {
      await kubectl.run(['apply', '-k', directory]);
      await ready();
    },
    async restart() {
      await kubectl.run(['rollout', 'restart', `deployment/${name}`, ...inNamespace]);
      await ready();
    },
    pods: async () =>
      (await podList()).items.map(({ metadata, status }) => ({
        uid: metadata.uid,
        restarts: status.containerStatuses.reduce((sum, { restartCount }) => sum + restartCount, 0),
      })),
    async killLeader() {
      const holder = await leader();
      const pod = (await podList()).items.find(({ metadata }) => holder.startsWith(metadata.name));
      if (pod === undefined) throw new Error(`the Lease is held by ${holder}, which is no pod`);
      await kubectl.run(['delete', 'pod', pod.metadata.name, ...inNamespace, '--grace-period=0', '--force']);
    },
    forwarded: (use) => withPortForward(kubectl, use),
  };
}

async function withPortForward(kubectl: Kubectl, use: (url: string) => Promise<void>): Promise<void> {
  const args = ['--kubeconfig', kubectl.kubeconfig, 'port-forward', ...inNamespace, `service/${name}`, ':80'];
  const forward = spawn(kubectl.path, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(createInterface(forward.stdout), 'line');
    const [, port] = /127\.0\.0\.1:(\d+)/.exec(line) ?? [];
    await use(`http://127.0.0.1:${port}`);
  } finally {
    forward.kill();
  }
}

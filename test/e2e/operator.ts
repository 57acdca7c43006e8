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
  /** Applies the kustomization in a folder and waits until the rollout is complete. */
  install(directory: string): Promise<void>;
  /** Replaces its pods. */
  restart(): Promise<void>;
  /** Waits until all its pods are ready. */
  ready(): Promise<void>;
  /** @returns the uid and the number of container restarts of each pod */
  pods(): Promise<{ uid: string; restarts: number }[]>;
  /** @returns the holder of the Lease */
  leader(): Promise<string>;
  /** Kills the leader's pod without a grace period. */
  killLeader(): Promise<void>;
  /** Calls `use` with the URL of a port-forward to the Service. */
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
      if (pod === undefined) throw new Error(`the Lease holder ${holder} is not a pod`);
      await kubectl.run(['delete', 'pod', pod.metadata.name, ...inNamespace, '--grace-period=0', '--force']);
    },
    forwarded: (use) => withPortForward(kubectl, use),
  };
}

async function withPortForward(kubectl: Kubectl, use: (url: string) => Promise<void>): Promise<void> {
  const args = ['--kubeconfig', kubectl.kubeconfig, 'port-forward', ...inNamespace, `service/${name}`, ':80'];
  const forward = spawn(kubectl.path, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await Promise.race([once(createInterface(forward.stdout), 'line'), once(forward, 'exit')]);
    const [, port] = /127\.0\.0\.1:(\d+)/.exec(line) ?? [];
    if (port === undefined) throw new Error(`kubectl port-forward did not start: ${line}`);
    await use(`http://127.0.0.1:${port}`);
  } finally {
    forward.kill();
  }
}

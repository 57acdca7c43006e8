import type { Kubectl } from '../../tools/kubectl.ts';
import { openPortForward } from '../../tools/port-forward.ts';
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

interface EndpointSlices {
  readonly items: readonly {
    readonly endpoints?: readonly { readonly nodeName?: string; readonly conditions: { readonly ready?: boolean } }[];
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
  /** @returns the node of each pod to which the Service sends requests, sorted */
  servingNodes(): Promise<string[]>;
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
    async servingNodes() {
      const slices = await kubectl.get<EndpointSlices>(
        'endpointslices',
        ...inNamespace,
        '-l',
        `kubernetes.io/service-name=${name}`,
      );
      const endpoints = slices.items.flatMap((slice) => slice.endpoints ?? []);
      return endpoints
        .filter(({ conditions }) => conditions.ready)
        .map(({ nodeName = '' }) => nodeName)
        .sort();
    },
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
  const forward = await openPortForward(kubectl, operatorNamespace, name);
  await use(forward.url).finally(forward.stop);
}

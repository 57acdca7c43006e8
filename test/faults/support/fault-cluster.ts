import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OperatorProcess, StartOptions } from '../../../tools/operator-process.ts';
import { configurationFile, startTestCluster, type TestCluster } from '../../support/cluster.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { type Admin, createAdmin } from './admin.ts';
import { type History, startHistory } from './history.ts';

/** The default terms. With shorter ones, a busy machine loses the Lease again and again. */
export const defaultLease = {};
/** A single replica, which does not wait for the Lease of the one that was killed. */
export const noLease = { enabled: false };

/** The connection of an operator to the API server, through a fault proxy. */
export interface Link {
  proxy: FaultProxy;
  kubeconfig: string;
}

/** A real control plane. Operators reach it only through fault proxies, the administrator directly. */
export interface FaultCluster
  extends Pick<TestCluster, 'controlPlane' | 'kubectl' | 'directory' | 'operatorKubeconfig' | 'secretKeys'> {
  admin: Admin;
  history: History;
  /** Starts a fault proxy that an operator uses with its ServiceAccount. */
  openLink(): Promise<Link>;
  /** Starts an operator without waiting until it is ready. */
  startOperator(link: Link, leaderElection: object, options?: StartOptions): Promise<OperatorProcess>;
  /** Kills the operators that still run, such as those of a failed test. */
  killOperators(): Promise<void>;
  /** Creates a namespace. @returns its name */
  namespace(name: string): Promise<string>;
  /** Every line of output of every operator. */
  output(): string[];
  stop(): Promise<void>;
}

export async function startFaultCluster(): Promise<FaultCluster> {
  const cluster = await startTestCluster({ log: () => undefined });
  const { controlPlane, directory, operatorKubeconfig, kubectl, secretKeys } = cluster;
  const admin = createAdmin(controlPlane.kubeconfig);
  const history = await startHistory(admin.transport);
  const proxies: FaultProxy[] = [];
  const operators: OperatorProcess[] = [];
  let files = 0;

  async function openLink(): Promise<Link> {
    const proxy = await startFaultProxy(controlPlane);
    const kubeconfig = join(directory, `link-${proxies.push(proxy)}.kubeconfig`);
    await proxy.kubeconfig(kubeconfig, operatorKubeconfig);
    return { proxy, kubeconfig };
  }

  return {
    controlPlane,
    directory,
    operatorKubeconfig,
    kubectl,
    secretKeys,
    admin,
    history,
    openLink,
    async startOperator({ kubeconfig }, leaderElection, options) {
      files += 1;
      const config = join(directory, `cluster-${files}.yaml`);
      await writeFile(config, configurationFile({ leaderElection }));
      const operator = await cluster.launchOperator(['--kubeconfig', kubeconfig, '--config', config], options);
      operators.push(operator);
      return operator;
    },
    async killOperators() {
      for (const operator of operators.splice(0)) await operator.stop('SIGKILL');
    },
    async namespace(name) {
      await admin.create('/api/v1/namespaces', { metadata: { name } });
      return name;
    },
    output: cluster.operatorOutput,
    async stop() {
      await history.stop();
      await admin.close();
      await cluster.stop().finally(() => Promise.all(proxies.map((proxy) => proxy.stop())));
    },
  };
}

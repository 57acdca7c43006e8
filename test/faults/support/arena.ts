import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OperatorProcess, StartOptions } from '../../../tools/operator-process.ts';
import { configurationFile, startTestCluster, type TestCluster } from '../../support/cluster.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { type Admin, createAdmin } from './admin.ts';
import { type History, startHistory } from './history.ts';

/** Short, so that a test can see many terms. */
export const shortLease = { leaseDurationSeconds: 3, renewDeadlineSeconds: 2, retryPeriodSeconds: 1 };
/** One replica that is at work at once after its predecessor was killed. */
export const noLease = { enabled: false };

/** A way of an operator to the API server. */
export interface Way {
  proxy: FaultProxy;
  kubeconfig: string;
}

/** A real control plane, operators that reach it through fault proxies only, and an administrator beside them. */
export interface Arena
  extends Pick<TestCluster, 'controlPlane' | 'kubectl' | 'directory' | 'operatorKubeconfig' | 'secretKeys'> {
  admin: Admin;
  history: History;
  /** A further fault proxy, with the rights of the operator's ServiceAccount behind it. */
  openWay(): Promise<Way>;
  /** Starts an operator and does not wait until it is ready. */
  startOperator(way: Way, leaderElection: object, options?: StartOptions): Promise<OperatorProcess>;
  /** Makes a namespace of this name. */
  namespace(name: string): Promise<string>;
  /** Every line that any operator wrote. */
  output(): string[];
  stop(): Promise<void>;
}

export async function startArena(): Promise<Arena> {
  const cluster = await startTestCluster({ log: () => undefined });
  const { controlPlane, directory, operatorKubeconfig, kubectl, secretKeys } = cluster;
  const admin = createAdmin(controlPlane.kubeconfig);
  const history = await startHistory(admin.transport);
  const proxies: FaultProxy[] = [];
  let files = 0;

  async function openWay(): Promise<Way> {
    const proxy = await startFaultProxy(controlPlane);
    const kubeconfig = join(directory, `way-${proxies.push(proxy)}.kubeconfig`);
    await proxy.kubeconfig(kubeconfig, operatorKubeconfig);
    return { proxy, kubeconfig };
  }

  return {
    ...{ controlPlane, directory, operatorKubeconfig, kubectl, secretKeys, admin, history, openWay },
    async startOperator({ kubeconfig }, leaderElection, options) {
      files += 1;
      const config = join(directory, `arena-${files}.yaml`);
      await writeFile(config, configurationFile({ leaderElection }));
      return cluster.launchOperator(['--kubeconfig', kubeconfig, '--config', config], options);
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

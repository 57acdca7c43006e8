import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadKubeconfig } from '../src/kube/kubeconfig.ts';
import { createTransport, type Transport } from '../src/kube/transport.ts';
import { type ControlPlane, startControlPlane } from '../tools/control-plane/control-plane.ts';
import { installManifests, writeOperatorKubeconfig } from '../tools/install.ts';
import { createKubectl, type Kubectl } from '../tools/kubectl.ts';

/** A control plane with the manifests installed, for one benchmark. */
export interface BenchCluster {
  controlPlane: ControlPlane;
  /** As the administrator. */
  kubectl: Kubectl;
  /** As the administrator, for what is to be fast. */
  admin: Transport;
  /** For the files of the benchmark. */
  directory: string;
  /** Of the operator's ServiceAccount. */
  kubeconfig: string;
}

/** Starts a cluster, measures in it, and removes it also when that fails. */
export async function withCluster(measure: (cluster: BenchCluster) => Promise<void>): Promise<void> {
  const controlPlane = await startControlPlane();
  const directory = await mkdtemp(join(tmpdir(), 'accesskey-bench-'));
  const admin = createTransport(() => loadKubeconfig(controlPlane.kubeconfig), 'bench');
  try {
    const kubectl = createKubectl(controlPlane.kubectl, controlPlane.kubeconfig);
    const kubeconfig = join(directory, 'operator.kubeconfig');
    await installManifests(kubectl);
    await writeOperatorKubeconfig(kubectl, kubeconfig);
    await measure({ controlPlane, kubectl, admin, directory, kubeconfig });
  } finally {
    await admin.close();
    await controlPlane.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

const headers = { 'content-type': 'application/json', accept: 'application/json' };

/** @returns what the API server answered, its errors too: who measures looks at what is there in the end */
export async function post(admin: Transport, path: string, body: object): Promise<string> {
  const answer = await admin.send({ method: 'POST', path, headers, body: JSON.stringify(body) });
  return answer.body.text();
}

export async function get(admin: Transport, path: string): Promise<string> {
  const answer = await admin.send({ method: 'GET', path, headers });
  return answer.body.text();
}

/** Calls `act` with each number from `from` up to, not including, `to`; so many calls are under way at a time. */
export async function each(
  { from = 0, to, inFlight }: { from?: number; to: number; inFlight: number },
  act: (n: number) => Promise<unknown>,
): Promise<void> {
  let next = from;
  const work = async () => {
    while (next < to) await act(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, work));
}

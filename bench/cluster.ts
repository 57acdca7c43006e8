import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadKubeconfig } from '../src/kube/kubeconfig.ts';
import { createTransport, type Transport } from '../src/kube/transport.ts';
import { type ControlPlane, startControlPlane } from '../tools/control-plane/control-plane.ts';
import { installManifests, writeOperatorKubeconfig } from '../tools/install.ts';
import { createKubectl, type Kubectl } from '../tools/kubectl.ts';

/** A control plane with installed manifests. */
export interface BenchCluster {
  controlPlane: ControlPlane;
  /** kubectl as administrator. */
  kubectl: Kubectl;
  /** Transport as administrator, which is faster than kubectl. */
  admin: Transport;
  /** Temporary folder for files of the benchmark. */
  directory: string;
  /** Kubeconfig of the operator's ServiceAccount. */
  kubeconfig: string;
}

/** Runs a benchmark in a temporary cluster. */
export async function withCluster(benchmark: (cluster: BenchCluster) => Promise<void>): Promise<void> {
  const controlPlane = await startControlPlane();
  const directory = await mkdtemp(join(tmpdir(), 'accesskey-bench-'));
  const admin = createTransport(() => loadKubeconfig(controlPlane.kubeconfig), 'bench');
  try {
    const kubectl = createKubectl(controlPlane.kubectl, controlPlane.kubeconfig);
    const kubeconfig = join(directory, 'operator.kubeconfig');
    await installManifests(kubectl);
    await writeOperatorKubeconfig(kubectl, kubeconfig);
    await benchmark({ controlPlane, kubectl, admin, directory, kubeconfig });
  } finally {
    await admin.close();
    await controlPlane.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

const headers = { 'content-type': 'application/json', accept: 'application/json' };

/** @returns the response body, also of an error: callers check the final state of the cluster instead */
export async function post(admin: Transport, path: string, body: object): Promise<string> {
  const answer = await admin.send({ method: 'POST', path, headers, body: JSON.stringify(body) });
  return answer.body.text();
}

/** Sends a JSON merge patch. @returns the response body */
export async function patch(admin: Transport, path: string, body: object): Promise<string> {
  const mergePatch = { ...headers, 'content-type': 'application/merge-patch+json' };
  const answer = await admin.send({ method: 'PATCH', path, headers: mergePatch, body: JSON.stringify(body) });
  return answer.body.text();
}

export async function get(admin: Transport, path: string): Promise<string> {
  const answer = await admin.send({ method: 'GET', path, headers });
  return answer.body.text();
}

/** Calls `action` with each number in [from, to), with up to `concurrency` calls at a time. */
export async function forEachNumber(
  { from = 0, to, concurrency }: { from?: number; to: number; concurrency: number },
  action: (n: number) => Promise<unknown>,
): Promise<void> {
  let next = from;
  const work = async () => {
    while (next < to) await action(next++);
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

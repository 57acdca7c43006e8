import { type Access, ask } from './api.ts';

const nodeName = 'node-1';

const node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: nodeName, labels: { 'kubernetes.io/hostname': nodeName, 'kubernetes.io/os': 'linux' } },
};

/**
 * Creates the simulated node on which the pods run.
 *
 * @throws Error if the API server does not take it
 */
export async function createNode(access: Access): Promise<void> {
  const answer = await ask(access, '/api/v1/nodes', node);
  if (answer?.status !== 201) throw new Error(`The node could not be created: ${answer?.body ?? 'no answer'}`);
}

/** Whether the node is Ready and has lost the taint that keeps pods from nodes that are not. */
export async function isNodeReady(access: Access): Promise<boolean> {
  const answer = await ask(access, `/api/v1/nodes/${nodeName}`);
  if (answer?.status !== 200) return false;
  const { spec, status } = JSON.parse(answer.body) as NodeObject;
  const ready = status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  return ready && !spec.taints?.length;
}

interface NodeObject {
  readonly spec: { readonly taints?: readonly unknown[] };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

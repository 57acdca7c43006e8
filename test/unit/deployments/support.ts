import type { Runs } from '../../../src/deployments/page.ts';
import { createDeploymentTransform, type DeploymentRecord } from '../../../src/deployments/record.ts';
import { createDeploymentStore } from '../../../src/deployments/store.ts';
import type { RawObject } from '../../../src/kube/raw-object.ts';

/** Creates the record of the Deployment `namespace/name`. */
export function record(
  key: string,
  more: { metadata?: object; spec?: object; status?: object; cluster?: string } = {},
): DeploymentRecord {
  const [namespace = '', name = ''] = key.split('/');
  const metadata = { namespace, name, resourceVersion: '1', ...more.metadata };
  const raw: RawObject = { metadata, spec: more.spec ?? {}, status: more.status ?? {} };
  return createDeploymentTransform(more.cluster ?? 'here')(raw);
}

export function storeOf(records: readonly DeploymentRecord[]) {
  const store = createDeploymentStore();
  store.replace(records);
  return store;
}

/** Returns `namespace/name` of each record. */
export const keys = (records: Iterable<DeploymentRecord>): string[] => [...records].map(({ key }) => key);

/** Returns the items of each run. */
export function itemsOf<T>(runs: Runs<T>): T[][] {
  return runs.map((run) => Array.from({ length: run.length }, (_, index) => run.at(index) as T));
}

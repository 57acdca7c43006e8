import { compareItems, type PageRequest, paginate } from './page.ts';
import { projectDeployment } from './projection.ts';
import type { DeploymentList } from './schema.ts';
import type { DeploymentStore } from './store.ts';

/**
 * One page of the deployments in these namespaces, ordered by namespace and name. Only the page itself is projected;
 * total and pages count what is in these namespaces, nothing else.
 *
 * @param cluster name of the cluster that the items are to bear
 */
export function listDeployments(
  store: DeploymentStore,
  namespaces: readonly string[],
  request: PageRequest,
  cluster: string,
): DeploymentList {
  const records = namespaces.flatMap((namespace) => store.byIndex('namespace', namespace));
  const objects = records.map((record) => record.object).sort(compareItems);
  const { items, pagination } = paginate(objects, request);
  return { items: items.map((object) => projectDeployment(object, cluster)), pagination };
}

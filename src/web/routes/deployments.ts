import type { Hono } from 'hono';
import type { Cluster } from '../../clusters/cluster.ts';
import { visibleInEach } from '../../clusters/visible.ts';
import { createFilter } from '../../deployments/filter.ts';
import type { DeploymentItem } from '../../deployments/kpanda/schema.ts';
import { listDeployments, namespacesOf } from '../../deployments/listing.ts';
import type { DeploymentRecord } from '../../deployments/record.ts';
import type { Permission } from '../keys/api.ts';
import { describeMissingPermission } from '../keys/missing-permission.ts';
import type { Visitor } from '../keys/visitor.ts';
import {
  type DeploymentFilters,
  type DeploymentRow,
  type DeploymentsPage,
  deploymentsPage,
  noDeploymentsPage,
  readFilters,
} from '../pages/deployments.ts';
import type { ConsoleDependencies, ConsoleEnvironment } from './dependencies.ts';

const pageSize = 20;
/** Limit of the namespaces in the filter. */
const maxNamespaces = 500;
const permissionToList: Permission = { verb: 'list', group: 'apps', resource: 'deployments' };

/** The deployments that the visitor may view, listed by the same functions and with the same permissions as in the API. */
export function addDeploymentRoutes(app: Hono<ConsoleEnvironment>, { clusters, takeTurn }: ConsoleDependencies): void {
  app.get('/deployments', async (context) => {
    const visitor = context.get('visitor');
    const view = context.get('view');
    const filters = readFilters(context.req.query());
    const all = clusters.all();
    const selected = filters.cluster === undefined ? all : all.filter((one) => one.name === filters.cluster);
    await takeTurn?.(visitor.user.name, context.env.incoming);
    const found = await findVisible(selected, visitor, filters);
    if (!found) {
      return context.html(noDeploymentsPage(view, describeMissingPermission(permissionToList, visitor.user)), 403);
    }
    return context.html(deploymentsPage(view, { ...found, filters, clusters: all.map((one) => one.name) }));
  });
}

/** @returns a page of deployments, or undefined if the user may not list them in any of the clusters */
async function findVisible(
  selected: readonly Cluster[],
  { user }: Visitor,
  { search, state, namespace, page }: DeploymentFilters,
): Promise<Omit<DeploymentsPage, 'filters' | 'clusters'> | undefined> {
  const { sources, failures } = await visibleInEach(selected, user);
  if (sources.length === 0 && failures.length === 0 && selected.length > 0) return undefined;
  const namespaces = [...new Set(sources.flatMap(namespacesOf))].sort();
  const filtered = sources.map((source) => ({
    ...source,
    namespaces: namespace === undefined ? source.namespaces : namespacesOf(source).filter((one) => one === namespace),
  }));
  const matches = createFilter({ fuzzyName: search, state });
  const query = { page, pageSize, by: 'namespace', descending: false, ...(matches && { matches }) } as const;
  const { items, pagination } = listDeployments(filtered, query);
  return {
    rows: items.map(toRow),
    pagination,
    namespaces: namespaces.slice(0, maxNamespaces),
    unavailable: failures.map(({ cluster }) => cluster),
  };
}

function toRow({ cluster, namespace, name, state, createdAt, text }: DeploymentRecord): DeploymentRow {
  const { spec, status } = JSON.parse(text) as DeploymentItem;
  const containers = spec.template?.spec?.containers ?? [];
  return {
    cluster,
    namespace,
    name,
    state,
    createdAt: createdAt * 1000,
    ready: status.readyReplicas,
    replicas: status.replicas,
    images: containers.map(({ image }) => image),
  };
}

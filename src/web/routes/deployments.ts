import type { Hono } from 'hono';
import type { Cluster } from '../../clusters/cluster.ts';
import { type Visible, visibleInEach } from '../../clusters/visible.ts';
import { conditionsOf, createMatch } from '../../deployments/filter.ts';
import { listDeployments, namespacesOf, type Source } from '../../deployments/listing.ts';
import type { DeploymentRecord } from '../../deployments/record.ts';
import { answerBody } from '../../http/common/large-body.ts';
import { deploymentChanges, inScope } from '../deployments/changes.ts';
import { type DeploymentFilters, readFilters } from '../deployments/filters.ts';
import { toRow } from '../deployments/row.ts';
import { deploymentsPath } from '../pages/deployment-filters.ts';
import { type DeploymentsPage, deploymentsArea, deploymentsPage, noDeploymentsPage } from '../pages/deployments.ts';
import type { Permission } from '../visitor/key-api.ts';
import { describeMissingPermission } from '../visitor/missing-permission.ts';
import type { ConsoleDependencies, ConsoleEnvironment } from './dependencies.ts';
import { answerStream, type StreamDependencies } from './streams.ts';

/** Limit of the namespaces in the filter. */
const maxNamespaces = 500;
const permissionToList: Permission = { verb: 'list', group: 'apps', resource: 'deployments' };

/** The deployments that the visitor may view, listed by the same functions and with the same permissions as in the API. */
export function addDeploymentRoutes(
  app: Hono<ConsoleEnvironment>,
  { clusters, takeTurn, now }: ConsoleDependencies,
  streaming: StreamDependencies,
): void {
  const selectedBy = ({ cluster }: DeploymentFilters) =>
    clusters.all().filter((one) => (cluster ?? one.name) === one.name);

  app.get(deploymentsPath, async (context) => {
    const visitor = context.get('visitor');
    const view = context.get('view');
    const filters = readFilters(context.req.query());
    const selected = selectedBy(filters);
    const visible = await visibleInEach(selected, visitor.user);
    if (isForbidden(visible, selected)) {
      return context.html(noDeploymentsPage(view, describeMissingPermission(permissionToList, visitor.user)), 403);
    }
    // After the reviews: requests that wait for the same review all continue when it ends.
    await takeTurn(visitor.user.name, context.env.incoming);
    const page = { ...pageOf(visible, filters), filters, clusters: clusters.all().map(({ name }) => name) };
    const isFragment = context.req.query('fragment') !== undefined;
    const html = await (isFragment ? deploymentsArea(view, page) : deploymentsPage(view, page));
    context.header('Content-Type', 'text/html; charset=UTF-8');
    return answerBody(context, String(html));
  });

  app.get(`${deploymentsPath}/events`, async (context) => {
    const filters = readFilters(context.req.query());
    const selected = selectedBy(filters);
    const { sources } = await visibleInEach(selected, context.get('visitor').user);
    const stores = selected.map(({ deployments }) => deployments);
    // A cluster that is registered, removed or connected again has another store.
    const isOutdated = () => {
      const current = selectedBy(filters).map(({ deployments }) => deployments);
      return current.length !== stores.length || current.some((one) => !stores.includes(one));
    };
    const changes = deploymentChanges(watchedOf(sources, filters));
    return answerStream(context, streaming, { changes, isOutdated, now });
  });
}

/** Whether the user may not list deployments in any of the clusters. */
function isForbidden({ sources, failures }: Visible<Source>, selected: readonly Cluster[]): boolean {
  return sources.length === 0 && failures.length === 0 && selected.length > 0;
}

function pageOf(
  { sources, failures }: Visible<Source>,
  { search, state, namespace, sort, page, pageSize }: DeploymentFilters,
): Omit<DeploymentsPage, 'filters' | 'clusters'> {
  const namespaces = [...new Set(sources.flatMap(namespacesOf))].sort();
  const filtered = sources.map((source) => ({
    ...source,
    namespaces: namespace === undefined ? source.namespaces : namespacesOf(source).filter((one) => one === namespace),
  }));
  const query = { page, pageSize, ...sort, conditions: conditionsOf({ fuzzyName: search, state }) };
  const { items, pagination } = listDeployments(filtered, query);
  return {
    rows: items.map((one) => toRow(one).row),
    pagination,
    namespaces: namespaces.slice(0, maxNamespaces),
    hasNamespace: namespace !== undefined && namespaces.includes(namespace),
    unavailable: failures.map(({ cluster }) => cluster),
  };
}

function watchedOf(sources: readonly Source[], { search, state, namespace }: DeploymentFilters) {
  const matches = createMatch({ fuzzyName: search, state });
  return sources.map(({ store, namespaces }) => {
    const isVisible = inScope(namespaces);
    return {
      store,
      shows: (record: DeploymentRecord) =>
        isVisible(record.namespace) && (namespace ?? record.namespace) === record.namespace && matches(record),
    };
  });
}

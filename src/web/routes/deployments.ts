import type { Hono } from 'hono';
import type { Cluster } from '../../clusters/cluster.ts';
import { visibleInEach } from '../../clusters/visible.ts';
import { createFilter } from '../../deployments/filter.ts';
import type { DeploymentItem } from '../../deployments/kpanda/schema.ts';
import { listDeployments, namespacesOf } from '../../deployments/listing.ts';
import type { DeploymentRecord } from '../../deployments/record.ts';
import type { Right } from '../keys/api.ts';
import type { Visitor } from '../keys/visitor.ts';
import { type DeploymentChoice, readChoice } from '../pages/deployment-filter.ts';
import { type DeploymentRow, type DeploymentsPage, deploymentsPage, noDeploymentsPage } from '../pages/deployments.ts';
import type { ConsoleDependencies, ConsoleEnvironment } from './environment.ts';
import { describeRight, grantCommand } from './key-content.ts';

const pageSize = 20;
/** Bound of namespaces to choose from. */
const maxNamespaces = 500;
const listRight: Right = { verb: 'list', group: 'apps', resource: 'deployments' };

/** The deployments that one may see: by the same functions, and the same rights, as the platform API. */
export function addDeploymentRoutes(app: Hono<ConsoleEnvironment>, { clusters }: ConsoleDependencies): void {
  app.get('/deployments', async (context) => {
    const visitor = context.get('visitor');
    const view = context.get('view');
    const choice = readChoice(context.req.query());
    const all = clusters.all();
    const asked = choice.cluster === undefined ? all : all.filter((one) => one.name === choice.cluster);
    const found = await findVisible(asked, visitor, choice);
    if (!found) {
      return context.html(
        noDeploymentsPage(view, describeRight(listRight), grantCommand(listRight, visitor.user)),
        403,
      );
    }
    return context.html(deploymentsPage(view, { ...found, choice, clusters: all.map((one) => one.name) }));
  });
}

/** @returns undefined for who has no right in any of the clusters */
async function findVisible(
  asked: readonly Cluster[],
  { user }: Visitor,
  { search, state, namespace, page }: DeploymentChoice,
): Promise<Omit<DeploymentsPage, 'choice' | 'clusters'> | undefined> {
  const { sources, failures } = await visibleInEach(asked, user);
  if (sources.length === 0 && failures.length === 0 && asked.length > 0) return undefined;
  const namespaces = [...new Set(sources.flatMap(namespacesOf))].sort();
  const chosen = sources.map((source) => ({
    ...source,
    namespaces: namespace === undefined ? source.namespaces : namespacesOf(source).filter((one) => one === namespace),
  }));
  const matches = createFilter({ fuzzyName: search, state });
  const query = { page, pageSize, by: 'namespace', descending: false, ...(matches && { matches }) } as const;
  const { items, pagination } = listDeployments(chosen, query);
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
    ...{ cluster, namespace, name, state, createdAt: createdAt * 1000 },
    ready: status.readyReplicas,
    replicas: status.replicas,
    images: containers.map(({ image }) => image),
  };
}

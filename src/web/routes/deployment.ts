import type { Hono } from 'hono';
import { requireFresh } from '../../clusters/cluster.ts';
import { dnsLabelPattern, dnsSubdomainPattern } from '../../kube/names.ts';
import { ConsoleError } from '../common/console-error.ts';
import { deploymentChanges } from '../deployments/changes.ts';
import { toRow } from '../deployments/row.ts';
import { deploymentArea, deploymentGone, deploymentPage } from '../pages/deployment.ts';
import { deploymentsPath } from '../pages/deployment-filters.ts';
import { deploymentPath } from '../pages/deployments.ts';
import type { ConsoleDependencies, ConsoleEnvironment, PageContext } from './dependencies.ts';
import { answerStream, type StreamDependencies } from './streams.ts';

/** The page of one Deployment, with the same permission as in the API: `get` of this name. */
export function addDeploymentRoute(
  app: Hono<ConsoleEnvironment>,
  { clusters, takeTurn, now }: ConsoleDependencies,
  streaming: StreamDependencies,
): void {
  const path = `${deploymentsPath}/:cluster/:namespace/:name` as const;

  /** @throws ConsoleError 404, also without the permission, so that it does not reveal what exists */
  async function requireVisible(context: PageContext) {
    const { cluster: clusterName = '', namespace = '', name = '' } = context.req.param() as Record<string, string>;
    const cluster = clusters.get(clusterName);
    const isName = dnsLabelPattern.test(namespace) && dnsSubdomainPattern.test(name) && name.length <= 253;
    if (!cluster || !isName) throw new ConsoleError('deploymentNotFound', {}, 404);
    requireFresh(cluster);
    const isAllowed = await cluster.authorizer.mayGetDeployment(context.get('visitor').user, namespace, name);
    if (!isAllowed) throw new ConsoleError('deploymentNotFound', {}, 404);
    return { cluster, key: `${namespace}/${name}`, path: deploymentPath({ cluster: clusterName, namespace, name }) };
  }

  app.get(path, async (context) => {
    const view = context.get('view');
    const { cluster, key, path } = await requireVisible(context);
    await takeTurn(context.get('visitor').user.name, context.env.incoming);
    const record = cluster.deployments.get(key);
    const isFragment = context.req.query('fragment') !== undefined;
    if (!record && isFragment) return context.html(deploymentGone(view, path));
    if (!record) throw new ConsoleError('deploymentNotFound', {}, 404);
    const page = toRow(record);
    return context.html(isFragment ? deploymentArea(view, page) : deploymentPage(view, page));
  });

  app.get(`${path}/events`, async (context) => {
    const { cluster, key } = await requireVisible(context);
    const changes = deploymentChanges([{ store: cluster.deployments, shows: (one) => one.key === key }]);
    const isOutdated = () => clusters.get(cluster.name)?.deployments !== cluster.deployments;
    return answerStream(context, streaming, { changes, isOutdated, now });
  });
}

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { requireFresh } from '../clusters/fresh.ts';
import { visibleIn } from '../clusters/visible.ts';
import { listDeployments, listText } from '../deployments/listing.ts';
import { DeploymentItem, DeploymentList } from '../deployments/schema.ts';
import { requireCaller } from './bearer.ts';
import {
  answerJson,
  forbidden,
  listing,
  requireCluster,
  requireClusters,
  requireVisible,
} from './deployment-answers.ts';
import {
  allClustersQuery,
  clusterPath,
  deploymentPath,
  listQuery,
  namespacePath,
  toQuery,
} from './deployment-query.ts';
import type { Dependencies, Environment } from './environment.ts';
import { ErrorBody, PlatformError } from './errors.ts';
import { tellFreshness } from './freshness.ts';

const base = '/apis/kpanda.io/v1alpha1';
const tags = ['Deployments'];

const json = <T>(schema: T, description: string) => ({ description, content: { 'application/json': { schema } } });

const errors = {
  400: json(ErrorBody, 'A parameter is wrong'),
  401: json(ErrorBody, 'No valid token'),
  403: json(ErrorBody, 'The user may not see this'),
  404: json(ErrorBody, 'There is no such cluster or deployment'),
  503: json(ErrorBody, 'The cluster cannot be asked'),
};
const page = { 200: json(DeploymentList, 'A page of deployments'), ...errors };

/** Deployments as the kpanda API v0.49.0 lists them, as far as the caller may see them. */
export function addDeploymentRoutes(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  addClusterRoute(app, dependencies);
  addNamespaceRoute(app, dependencies);
  addSingleRoute(app, dependencies);
  addAllClustersRoute(app, dependencies);
}

function addClusterRoute(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  const path = `${base}/clusters/{cluster}/deployments`;
  const request = { params: clusterPath, query: listQuery };
  const route = createRoute({ method: 'get', path, tags, summary: 'Of one cluster', request, responses: page });
  app.openapi(route, async (context) => {
    const caller = await requireCaller(context, dependencies);
    const cluster = requireCluster(dependencies.clusters, context.req.valid('param').cluster);
    const source = await visibleIn(cluster, caller);
    if (!source) throw forbidden(caller, listing());
    tellFreshness(context, [cluster]);
    return answerJson(context, listText(listDeployments([source], toQuery(context.req.valid('query')))));
  });
}

function addNamespaceRoute(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  const path = `${base}/clusters/{cluster}/namespaces/{namespace}/deployments`;
  const request = { params: namespacePath, query: listQuery };
  const route = createRoute({ method: 'get', path, tags, summary: 'Of one namespace', request, responses: page });
  app.openapi(route, async (context) => {
    const caller = await requireCaller(context, dependencies);
    const { cluster: name, namespace } = context.req.valid('param');
    const cluster = requireCluster(dependencies.clusters, name);
    const source = await visibleIn(cluster, caller, namespace);
    if (!source) throw forbidden(caller, listing(namespace));
    tellFreshness(context, [cluster]);
    return answerJson(context, listText(listDeployments([source], toQuery(context.req.valid('query')))));
  });
}

/** The right is asked for first, so that 404 tells nothing to who has none. */
function addSingleRoute(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  const path = `${base}/clusters/{cluster}/namespaces/{namespace}/deployments/{name}`;
  const request = { params: deploymentPath, query: z.strictObject({}) };
  const responses = { 200: json(DeploymentItem, 'The deployment'), ...errors };
  const route = createRoute({ method: 'get', path, tags, summary: 'One deployment', request, responses });
  app.openapi(route, async (context) => {
    const caller = await requireCaller(context, dependencies);
    const { namespace, name, ...path } = context.req.valid('param');
    const cluster = requireCluster(dependencies.clusters, path.cluster);
    requireFresh(cluster);
    if (!(await cluster.authorizer.mayGetDeployment(caller, namespace, name))) {
      throw forbidden(caller, `get the deployment ${name} in the namespace ${namespace}`);
    }
    const record = cluster.deployments.get(`${namespace}/${name}`);
    if (!record) throw new PlatformError('notFound', 'name: there is no deployment of this name in the namespace');
    tellFreshness(context, [cluster]);
    return answerJson(context, record.text);
  });
}

function addAllClustersRoute(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  const path = `${base}/asl/deployments`;
  const request = { query: allClustersQuery };
  const route = createRoute({ method: 'get', path, tags, summary: 'Of all clusters', request, responses: page });
  app.openapi(route, async (context) => {
    const caller = await requireCaller(context, dependencies);
    const query = context.req.valid('query');
    const asked = requireClusters(dependencies.clusters, query.cluster);
    const sources = await requireVisible(context, asked, caller, query.namespace);
    const stores = new Set(sources.map(({ store }) => store));
    tellFreshness(
      context,
      asked.filter(({ deployments }) => stores.has(deployments)),
    );
    return answerJson(context, listText(listDeployments(sources, toQuery(query))));
  });
}

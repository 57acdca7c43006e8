import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { requireFresh } from '../../clusters/fresh-connections.ts';
import { visibleIn } from '../../clusters/visible.ts';
import { DeploymentItem, DeploymentList } from '../../deployments/kpanda/schema.ts';
import { listDeployments, listText } from '../../deployments/listing.ts';
import { requireCaller } from '../common/bearer.ts';
import type { Dependencies, Environment } from '../common/environment.ts';
import { PlatformError } from '../common/errors.ts';
import { badParameter, callerFailures, forbidden as mayNot, missing } from '../common/failure-responses.ts';
import { json, notModified } from '../common/responses.ts';
import {
  answerJson,
  forbidden,
  listing,
  requireCluster,
  requireClusters,
  requireVisible,
  unavailableHeader,
} from './answers.ts';
import { exampleDeployment, exampleList } from './examples.ts';
import { freshnessHeaderDocuments, tellFreshness } from './freshness.ts';
import { allClustersQuery, clusterPath, deploymentPath, listQuery, namespacePath, toQuery } from './query.ts';

const base = '/apis/kpanda.io/v1alpha1';
const shared = { method: 'get' as const, tags: ['Deployments'], security: [{ bearer: [] }] };

const errors = {
  ...notModified,
  ...callerFailures,
  400: badParameter('pageSize', 'must be a whole number from 1 to 500'),
  403: mayNot(`user alice may not ${listing()}`),
  404: missing('cluster: there is no cluster of this name'),
};
const headers = freshnessHeaderDocuments;
const page = { 200: { ...json(DeploymentList, 'A page of deployments', exampleList), headers }, ...errors };

const unavailable = {
  description: 'Clusters that cannot be asked now and are left out, with commas between; without it, none is',
  schema: { type: 'string' as const, example: 'west' },
};
const pageOfSeveral = { ...page, 200: { ...page[200], headers: { ...headers, [unavailableHeader]: unavailable } } };

/** Deployments as the kpanda API v0.49.0 lists them, as far as the caller may see them. */
export function addDeploymentRoutes(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  addClusterRoute(app, dependencies);
  addNamespaceRoute(app, dependencies);
  addSingleRoute(app, dependencies);
  addAllClustersRoute(app, dependencies);
}

function addClusterRoute(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  const path = `${base}/clusters/{cluster}/deployments`;
  const named = { operationId: 'listDeployments', summary: 'The deployments of one cluster' };
  const request = { params: clusterPath, query: listQuery };
  const route = createRoute({ ...shared, ...named, path, request, responses: page });
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
  const named = { operationId: 'listNamespaceDeployments', summary: 'The deployments of one namespace' };
  const request = { params: namespacePath, query: listQuery };
  const route = createRoute({ ...shared, ...named, path, request, responses: page });
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
  const named = { operationId: 'getDeployment', summary: 'One deployment' };
  const request = { params: deploymentPath, query: z.strictObject({}) };
  const responses = { 200: { ...json(DeploymentItem, 'The deployment', exampleDeployment), headers }, ...errors };
  const route = createRoute({ ...shared, ...named, path, request, responses });
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
  const named = { operationId: 'listDeploymentsOfAllClusters', summary: 'The deployments of all clusters' };
  const request = { query: allClustersQuery };
  const route = createRoute({ ...shared, ...named, path, request, responses: pageOfSeveral });
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

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { requireFresh } from '../../clusters/cluster.ts';
import { clustersOf, visibleIn } from '../../clusters/visible.ts';
import { DeploymentItem, DeploymentList } from '../../deployments/kpanda/schema.ts';
import { listDeployments, serializePage } from '../../deployments/listing.ts';
import { requireCaller } from '../common/bearer.ts';
import type { Dependencies } from '../common/dependencies.ts';
import type { Environment } from '../common/environment.ts';
import { PlatformError } from '../common/errors.ts';
import { json } from '../common/responses.ts';
import { exampleDeployment, exampleList } from './examples.ts';
import { freshnessHeaderDocuments, setFreshness } from './freshness.ts';
import { allClustersQuery, clusterPath, deploymentPath, listQuery, namespacePath, toQuery } from './query.ts';
import {
  answerJson,
  listing,
  listingFailures,
  mayNot,
  requireCluster,
  requireClusters,
  requireVisible,
  unavailableHeaderDocument,
} from './responses.ts';

const base = '/apis/kpanda.io/v1alpha1';
const shared = { method: 'get' as const, tags: ['Deployments'], security: [{ bearer: [] }] };

const headers = freshnessHeaderDocuments;
const page = { 200: { ...json(DeploymentList, 'A page of deployments', exampleList), headers }, ...listingFailures };

const pageOfSeveral = { ...page, 200: { ...page[200], headers: { ...headers, ...unavailableHeaderDocument } } };

/** Adds the deployment routes of the kpanda API v0.49.0. They return only what the caller may see. */
export function addDeploymentRoutes(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  addClusterRoute(app, dependencies);
  addNamespaceRoute(app, dependencies);
  addSingleRoute(app, dependencies);
  addAllClustersRoute(app, dependencies);
}

function addClusterRoute(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  const path = `${base}/clusters/{cluster}/deployments`;
  const operation = { operationId: 'listDeployments', summary: 'List the deployments of a cluster' };
  const request = { params: clusterPath, query: listQuery };
  const route = createRoute({ ...shared, ...operation, path, request, responses: page });
  app.openapi(route, (context) => {
    const { cluster } = context.req.valid('param');
    return answerListing(context, dependencies, { cluster, query: context.req.valid('query') });
  });
}

function addNamespaceRoute(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  const path = `${base}/clusters/{cluster}/namespaces/{namespace}/deployments`;
  const operation = { operationId: 'listNamespaceDeployments', summary: 'List the deployments of a namespace' };
  const request = { params: namespacePath, query: listQuery };
  const route = createRoute({ ...shared, ...operation, path, request, responses: page });
  app.openapi(route, (context) =>
    answerListing(context, dependencies, { ...context.req.valid('param'), query: context.req.valid('query') }),
  );
}

/** Answers with the deployments of a cluster that the caller may see, or with those of one namespace. */
async function answerListing(
  context: Context<Environment>,
  dependencies: Dependencies,
  { query, namespace, ...path }: { cluster: string; namespace?: string; query: z.infer<typeof listQuery> },
) {
  const caller = await requireCaller(context, dependencies);
  const cluster = requireCluster(dependencies.clusters, path.cluster);
  const source = await visibleIn(cluster, caller, namespace);
  if (!source) throw mayNot(caller, listing(namespace));
  await dependencies.takeTurn(caller.name, context.env.incoming);
  setFreshness(context, [cluster]);
  return answerJson(context, serializePage(listDeployments([source], toQuery(query))));
}

/** Checks the permission first, so that 404 reveals nothing to a caller without it. */
function addSingleRoute(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  const path = `${base}/clusters/{cluster}/namespaces/{namespace}/deployments/{name}`;
  const operation = { operationId: 'getDeployment', summary: 'Get a deployment' };
  const request = { params: deploymentPath, query: z.strictObject({}) };
  const responses = {
    200: { ...json(DeploymentItem, 'The deployment', exampleDeployment), headers },
    ...listingFailures,
  };
  const route = createRoute({ ...shared, ...operation, path, request, responses });
  app.openapi(route, async (context) => {
    const caller = await requireCaller(context, dependencies);
    const { namespace, name, ...path } = context.req.valid('param');
    const cluster = requireCluster(dependencies.clusters, path.cluster);
    requireFresh(cluster);
    if (!(await cluster.authorizer.mayGetDeployment(caller, namespace, name))) {
      throw mayNot(caller, `get the deployment ${name} in the namespace ${namespace}`);
    }
    const record = cluster.deployments.get(`${namespace}/${name}`);
    if (!record) throw new PlatformError('notFound', 'name: not found in the namespace');
    setFreshness(context, [cluster]);
    return answerJson(context, [record.text]);
  });
}

function addAllClustersRoute(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  const path = `${base}/asl/deployments`;
  const operation = { operationId: 'listDeploymentsOfAllClusters', summary: 'List the deployments of all clusters' };
  const request = { query: allClustersQuery };
  const route = createRoute({ ...shared, ...operation, path, request, responses: pageOfSeveral });
  app.openapi(route, async (context) => {
    const caller = await requireCaller(context, dependencies);
    const query = context.req.valid('query');
    const clusters = requireClusters(dependencies.clusters, query.cluster);
    const sources = await requireVisible(context, { clusters, caller, namespace: query.namespace });
    await dependencies.takeTurn(caller.name, context.env.incoming);
    setFreshness(context, clustersOf(clusters, sources));
    return answerJson(context, serializePage(listDeployments(sources, toQuery(query))));
  });
}

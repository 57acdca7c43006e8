import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Cluster } from '../../clusters/cluster.ts';
import { findInEach, visibleNamespacesIn } from '../../clusters/visible.ts';
import type { Caller } from '../../token/verify.ts';
import { requireCaller } from '../common/bearer.ts';
import { answerCacheable, privateAnswer } from '../common/cacheable.ts';
import type { Dependencies } from '../common/dependencies.ts';
import type { Environment } from '../common/environment.ts';
import { json } from '../common/responses.ts';
import { clusterPath } from '../deployments/query.ts';
import {
  availableSources,
  listing,
  listingFailures,
  mayNot,
  requireCluster,
  requireClusters,
  unavailableHeaderDocument,
} from '../deployments/responses.ts';
import { allNamespacesQuery, listNamespaces, NamespaceList, namespaceQuery, projectNamespace } from './namespaces.ts';

const base = '/apis/kpanda.io/v1alpha1';
const shared = { method: 'get' as const, tags: ['Clusters'], security: [{ bearer: [] }] };

/** Adds the namespace routes of the kpanda API v0.49.0: the namespaces in which the user may list deployments. */
export function addNamespaceRoutes(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  app.openapi(clusterRoute, async (context) => {
    const caller = await requireCaller(context, dependencies);
    const cluster = requireCluster(dependencies.clusters, context.req.valid('param').cluster);
    const namespaces = await namespacesIn(cluster, caller);
    if (!namespaces) throw mayNot(caller, listing());
    await dependencies.takeTurn(caller.name, context.env.incoming);
    return answerCacheable(context, listNamespaces(namespaces, context.req.valid('query')), privateAnswer);
  });
  app.openapi(allClustersRoute, async (context) => {
    const caller = await requireCaller(context, dependencies);
    const query = context.req.valid('query');
    const clusters = requireClusters(dependencies.clusters, query.cluster);
    const found = await findInEach(clusters, (cluster) => namespacesIn(cluster, caller));
    const sources = availableSources(context, found);
    if (sources.length === 0) throw mayNot(caller, listing());
    await dependencies.takeTurn(caller.name, context.env.incoming);
    return answerCacheable(context, listNamespaces(sources.flat(), query), privateAnswer);
  });
}

/** @returns undefined if the caller has no permission in the cluster */
async function namespacesIn(cluster: Cluster, caller: Caller) {
  const names = await visibleNamespacesIn(cluster, caller);
  return names?.map((name) => ({ cluster: cluster.name, name }));
}

const exampleList = {
  items: [projectNamespace({ cluster: 'kpanda-global-cluster', name: 'shop' })],
  pagination: { total: 1, page: 1, pageSize: 10, pages: 1 },
};
const page = json(NamespaceList, 'A page of namespaces', exampleList);
const description = 'Contains the names of the namespaces in which the user may list deployments.';

const clusterRoute = createRoute({
  ...shared,
  path: `${base}/clusters/{cluster}/namespaces`,
  operationId: 'listClusterNamespaces',
  summary: 'List the namespaces of a cluster',
  description,
  request: { params: clusterPath, query: namespaceQuery },
  responses: { 200: page, ...listingFailures },
});

const allClustersRoute = createRoute({
  ...shared,
  path: `${base}/asl/namespaces`,
  operationId: 'listNamespaces',
  summary: 'List the namespaces of all clusters',
  description,
  request: { query: allNamespacesQuery },
  responses: { 200: { ...page, headers: unavailableHeaderDocument }, ...listingFailures },
});

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Cluster } from '../../clusters/cluster.ts';
import { clustersOf, visibleIn, visibleInEach } from '../../clusters/visible.ts';
import type { Caller } from '../../token/verify.ts';
import { requireCaller } from '../common/bearer.ts';
import { answerCacheable, privateAnswer } from '../common/cacheable.ts';
import type { Dependencies } from '../common/dependencies.ts';
import type { Environment } from '../common/environment.ts';
import { badParameter, callerFailures, json, notModified } from '../common/responses.ts';
import {
  availableSources,
  listing,
  listingFailures,
  mayNot,
  requireCluster,
  unavailableHeaderDocument,
} from '../deployments/responses.ts';
import { clusterQuery, listClusters, singleQuery } from './query.ts';
import { ClusterItem, ClusterList, projectCluster } from './schema.ts';

const base = '/apis/kpanda.io/v1alpha1/clusters';
const shared = { method: 'get' as const, tags: ['Clusters'], security: [{ bearer: [] }] };

/** Adds the cluster routes of the kpanda API v0.49.0. A user sees the clusters in which they may list deployments. */
export function addClusterRoutes(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  app.openapi(listRoute, async (context) => {
    const caller = await requireCaller(context, dependencies);
    const visible = await visibleClusters(context, dependencies, caller);
    const page = listClusters(visible.map(projectCluster), context.req.valid('query'));
    return answerCacheable(context, page, privateAnswer);
  });
  app.openapi(singleRoute, async (context) => {
    const caller = await requireCaller(context, dependencies);
    const cluster = requireCluster(dependencies.clusters, context.req.valid('param').name);
    if (!(await visibleIn(cluster, caller))) throw mayNot(caller, listing());
    return answerCacheable(context, projectCluster(cluster), privateAnswer);
  });
}

/**
 * Returns the clusters in which the caller may list deployments. An unavailable cluster is left out, and named in the log
 * and in the header Unavailable-Clusters.
 *
 * @throws the error of the first failed cluster if no other cluster is visible
 */
async function visibleClusters(
  context: Context<Environment>,
  { clusters }: Dependencies,
  caller: Caller,
): Promise<readonly Cluster[]> {
  const all = clusters.all();
  return clustersOf(all, availableSources(context, await visibleInEach(all, caller)));
}

const example = projectCluster({
  name: 'kpanda-global-cluster',
  freshness: () => ({ resourceVersion: undefined, ageSeconds: 0, watching: true }),
});
const exampleList = { items: [example], pagination: { total: 1, page: 1, pageSize: 10, pages: 1 } };

const listRoute = createRoute({
  ...shared,
  path: base,
  operationId: 'listClusters',
  summary: 'List clusters',
  description:
    'Sorted by name. Contains the clusters in which the user may list deployments in at least one namespace.',
  request: { query: clusterQuery },
  responses: {
    200: { ...json(ClusterList, 'A page of clusters', exampleList), headers: unavailableHeaderDocument },
    ...notModified,
    ...callerFailures,
    400: listingFailures[400],
  },
});

const singleRoute = createRoute({
  ...shared,
  path: `${base}/{name}`,
  operationId: 'getCluster',
  summary: 'Get a cluster',
  description: 'Requires permission to list deployments in at least one namespace of the cluster.',
  request: {
    params: z.strictObject({
      name: z
        .string()
        .min(1, 'must not be empty')
        .max(253, 'must be 253 characters at most')
        .openapi({ description: 'Name of the cluster', example: 'kpanda-global-cluster' }),
    }),
    query: singleQuery,
  },
  responses: {
    200: json(ClusterItem, 'The cluster', example),
    ...listingFailures,
    400: badParameter('page', 'unknown parameter'),
  },
});

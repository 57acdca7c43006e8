import type { Context } from 'hono';
import type { Cluster } from '../../clusters/cluster.ts';
import { leastFresh } from '../../clusters/fresh-connections.ts';
import type { Freshness } from '../../kube/freshness.ts';
import type { Environment } from '../common/environment.ts';

/** Our name in Cache-Status. */
const cacheName = 'accesskey-operator';

/** The headers of `freshnessHeaders`, for the OpenAPI document. */
export const freshnessHeaderDocuments = {
  Age: {
    description: 'Seconds since the API server was last heard about deployments',
    schema: { type: 'integer' as const, example: 3 },
  },
  'Cache-Status': {
    description: 'With detail=stale while changes are not seen: the API server cannot be reached',
    schema: { type: 'string' as const, example: `${cacheName}; hit` },
  },
  'Kubernetes-Resource-Version': {
    description: 'resourceVersion of the deployments of the cluster; none for several clusters',
    schema: { type: 'string' as const, example: '48213' },
  },
};

/**
 * The headers that tell how fresh an answer is: `Age` (RFC 9111 section 5.1), `Cache-Status` (RFC 9211), whose negative
 * ttl says that no watch is open and for how long nothing was heard, and `Kubernetes-Resource-Version`.
 */
function freshnessHeaders({ resourceVersion, ageSeconds, watching }: Freshness): Record<string, string> {
  const age = Math.floor(ageSeconds);
  return {
    Age: String(age),
    'Cache-Status': watching ? `${cacheName}; hit` : `${cacheName}; hit; ttl=-${age}; detail=stale`,
    ...(resourceVersion !== undefined && { 'Kubernetes-Resource-Version': resourceVersion }),
  };
}

/** Tells how fresh an answer is that was made from these clusters, one at least. */
export function tellFreshness(context: Context<Environment>, clusters: readonly Pick<Cluster, 'freshness'>[]): void {
  const headers = freshnessHeaders(leastFresh(clusters.map(({ freshness }) => freshness())));
  for (const [name, value] of Object.entries(headers)) context.header(name, value);
}

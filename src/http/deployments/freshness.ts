import type { Context } from 'hono';
import type { Cluster } from '../../clusters/cluster.ts';
import type { Freshness } from '../../kube/freshness.ts';
import type { Environment } from '../common/environment.ts';

/** Name of the operator in Cache-Status. */
const cacheName = 'accesskey-operator';

/** OpenAPI descriptions of the headers. */
export const freshnessHeaderDocuments = {
  Age: {
    description: 'Seconds since the last event, bookmark or list of deployments from the API server',
    schema: { type: 'integer' as const, example: 3 },
  },
  'Cache-Status': {
    description: 'Contains detail=stale while no watch is open and changes are not seen',
    schema: { type: 'string' as const, example: `${cacheName}; hit` },
  },
  'Kubernetes-Resource-Version': {
    description: 'resourceVersion of the deployments of the cluster; absent for several clusters',
    schema: { type: 'string' as const, example: '48213' },
  },
};

/**
 * Returns the headers `Age` (RFC 9111 section 5.1), `Cache-Status` (RFC 9211), with a negative ttl while no watch is open,
 * and `Kubernetes-Resource-Version`.
 */
function freshnessHeaders({ resourceVersion, ageSeconds, watching }: Freshness): Record<string, string> {
  const age = Math.floor(ageSeconds);
  return {
    Age: String(age),
    'Cache-Status': watching ? `${cacheName}; hit` : `${cacheName}; hit; ttl=-${age}; detail=stale`,
    ...(resourceVersion !== undefined && { 'Kubernetes-Resource-Version': resourceVersion }),
  };
}

/** Sets the headers with the freshness of a response that was made from these clusters, at least one. */
export function setFreshness(context: Context<Environment>, clusters: readonly Pick<Cluster, 'freshness'>[]): void {
  const headers = freshnessHeaders(leastFresh(clusters.map(({ freshness }) => freshness())));
  for (const [name, value] of Object.entries(headers)) context.header(name, value);
}

/** Combines the freshness of several clusters: that of the least fresh one, without a common resourceVersion. */
function leastFresh(all: readonly Freshness[]): Freshness {
  return {
    resourceVersion: all.length === 1 ? all[0]?.resourceVersion : undefined,
    ageSeconds: Math.max(...all.map(({ ageSeconds }) => ageSeconds)),
    watching: all.every(({ watching }) => watching),
  };
}

import { createDeploymentStore } from '../deployments/store.ts';
import type { Cluster } from './cluster.ts';
import { StaleError } from './fresh-connections.ts';

/** Stands for a cluster that is registered but not connected, or not yet: nothing is known of it. */
export function unavailableCluster(name: string): Cluster {
  const ageSeconds = Number.POSITIVE_INFINITY;
  const refuse = () => Promise.reject(new StaleError(name, ageSeconds));
  return {
    name,
    deployments: createDeploymentStore(),
    namespaces: () => [],
    freshness: () => ({ resourceVersion: undefined, ageSeconds, watching: false }),
    maxStaleSeconds: 0,
    authorizer: { mayListDeployments: refuse, mayGetDeployment: refuse, visibleNamespaces: refuse },
  };
}

import type { Authorizer } from '../access/authorizer.ts';
import { createDeploymentStore, type DeploymentStore } from '../deployments/store.ts';
import type { Freshness } from '../kube/freshness.ts';

/** A cluster that the platform API serves: the local cluster or a registered one. */
export interface Cluster {
  /** Name in the paths of the platform API. */
  readonly name: string;
  readonly deployments: DeploymentStore;
  /** Returns the names of all namespaces. */
  namespaces(): Iterable<string>;
  /** Returns the freshness of `deployments`. */
  freshness(): Freshness;
  /** Maximum age of `deployments` while no watch is open, seconds. */
  readonly maxStaleSeconds: number;
  /** Decides with the RBAC and the other authorizers of this cluster. */
  readonly authorizer: Pick<Authorizer, 'mayListDeployments' | 'mayGetDeployment' | 'visibleNamespaces'>;
}

/** The clusters that exist now. */
export interface Clusters {
  get(name: string): Cluster | undefined;
  /** All clusters, sorted by name. */
  all(): readonly Cluster[];
}

/** Creates a fixed list of clusters. */
export function fixedClusters(clusters: readonly Cluster[]): Clusters {
  const byName = new Map(clusters.map((one) => [one.name, one]));
  return { get: (name) => byName.get(name), all: () => clusters };
}

/** The cached data of a cluster is too old to be served. */
export class StaleClusterError extends Error {
  override readonly name = 'StaleClusterError';
  readonly cluster: string;

  /** @param ageSeconds Infinity if the cluster has never responded */
  constructor(cluster: string, ageSeconds: number) {
    super(
      `no response from cluster ${cluster} ${Number.isFinite(ageSeconds) ? `for ${Math.floor(ageSeconds)} s` : 'yet'}`,
    );
    this.cluster = cluster;
  }
}

/**
 * Requires that the cached data of the cluster may be served: a watch is open, or the data is not too old.
 *
 * @throws StaleClusterError
 */
export function requireFresh({ name, freshness, maxStaleSeconds }: Cluster): void {
  const { watching, ageSeconds } = freshness();
  if (watching || ageSeconds <= maxStaleSeconds) return;
  throw new StaleClusterError(name, ageSeconds);
}

/** Creates the placeholder for a registered cluster that is not connected. */
export function unavailableCluster(name: string): Cluster {
  const ageSeconds = Number.POSITIVE_INFINITY;
  const fail = () => Promise.reject(new StaleClusterError(name, ageSeconds));
  return {
    name,
    deployments: createDeploymentStore(),
    namespaces: () => [],
    freshness: () => ({ resourceVersion: undefined, ageSeconds, watching: false }),
    maxStaleSeconds: 0,
    authorizer: { mayListDeployments: fail, mayGetDeployment: fail, visibleNamespaces: fail },
  };
}

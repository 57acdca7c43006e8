import type { Authorizer } from '../access/authorizer.ts';
import type { DeploymentStore } from '../deployments/store.ts';
import type { Freshness } from '../kube/freshness.ts';

/** A cluster that the platform API answers for: this one, or one that is registered. */
export interface Cluster {
  /** Name in the paths of the platform API. */
  readonly name: string;
  readonly deployments: DeploymentStore;
  /** Names of all its namespaces. */
  namespaces(): Iterable<string>;
  /** How fresh `deployments` is. */
  freshness(): Freshness;
  /** How old `deployments` may become while no watch is open, seconds. */
  readonly maxStaleSeconds: number;
  /** Asks this cluster, by its own rights. */
  readonly authorizer: Pick<Authorizer, 'mayListDeployments' | 'mayGetDeployment' | 'visibleNamespaces'>;
}

/** The clusters that are known now. */
export interface Clusters {
  get(name: string): Cluster | undefined;
  /** All of them, ordered by name. */
  all(): readonly Cluster[];
}

/** Clusters that are known from the start. */
export function fixedClusters(clusters: readonly Cluster[]): Clusters {
  const byName = new Map(clusters.map((one) => [one.name, one]));
  return { get: (name) => byName.get(name), all: () => clusters };
}

import type { AccessSubject } from '../access/authorizer.ts';
import { withTimeout } from '../access/limit.ts';
import type { Source } from '../deployments/listing.ts';
import { type Cluster, requireFresh } from './cluster.ts';

/**
 * Time limit for each cluster if several are queried, milliseconds, so that a slow one does not delay the others. A cluster
 * without an open watch is expected to answer from cached decisions only.
 */
const timeoutMs = { watched: 2_000, unwatched: 500 };

/** A cluster that could not be queried. */
export interface Failure {
  readonly cluster: string;
  readonly error: unknown;
}

/** What a user may see in several clusters. */
export interface Visible<T> {
  /** One result for each cluster in which the user has a permission. */
  readonly sources: readonly T[];
  /** The clusters whose result is unknown. */
  readonly failures: readonly Failure[];
}

/**
 * Finds the deployments that a user may see in one cluster.
 *
 * @param namespace if undefined, all namespaces
 * @returns undefined if the user has no permission in the cluster
 * @throws KubernetesError, ConnectionError, UndecidedError if the cluster is unavailable
 * @throws StaleClusterError when its cached data is too old
 */
export async function visibleIn(
  cluster: Cluster,
  subject: AccessSubject,
  namespace?: string,
): Promise<Source | undefined> {
  requireFresh(cluster);
  const { deployments: store, authorizer } = cluster;
  if (namespace !== undefined) {
    return (await authorizer.mayListDeployments(subject, namespace)) ? { store, namespaces: [namespace] } : undefined;
  }
  const namespaces = await authorizer.visibleNamespaces(subject, store.nonEmptyNamespaces(), cluster.namespaces());
  return namespaces && { store, namespaces };
}

/**
 * Finds the deployments that a user may see in each of the clusters, see {@link findInEach}.
 *
 * @param namespace if undefined, all namespaces
 */
export async function visibleInEach(
  clusters: readonly Cluster[],
  subject: AccessSubject,
  namespace?: string,
): Promise<Visible<Source>> {
  return findInEach(clusters, (cluster) => visibleIn(cluster, subject, namespace));
}

/**
 * Finds the namespaces of a cluster in which a user may list deployments, including those without deployments.
 *
 * @returns their sorted names; undefined if the user has no permission in the cluster
 * @throws as {@link visibleIn}
 */
export async function visibleNamespacesIn(
  cluster: Cluster,
  subject: AccessSubject,
): Promise<readonly string[] | undefined> {
  requireFresh(cluster);
  const every = [...cluster.namespaces()].sort();
  const visible = await cluster.authorizer.visibleNamespaces(subject, every, []);
  return visible === 'all' ? every : visible;
}

/**
 * Searches the clusters in parallel. A cluster that fails or is slow does not affect the others.
 *
 * @param find returns undefined if the user has no permission in the cluster
 */
export async function findInEach<T>(
  clusters: readonly Cluster[],
  find: (cluster: Cluster) => Promise<T | undefined>,
): Promise<Visible<T>> {
  // A single cluster cannot delay others.
  const findInTime = (cluster: Cluster) =>
    clusters.length === 1 ? find(cluster) : withTimeout(timeoutFor(cluster), find(cluster));
  const results = await Promise.allSettled(clusters.map(findInTime));
  const sources: T[] = [];
  const failures: Failure[] = [];
  for (const [index, result] of results.entries()) {
    if (result.status === 'rejected') failures.push({ cluster: clusters[index]?.name ?? '', error: result.reason });
    else if (result.value) sources.push(result.value);
  }
  return { sources, failures };
}

/** @returns the clusters of the sources, in their own order */
export function clustersOf(clusters: readonly Cluster[], sources: readonly Source[]): Cluster[] {
  const stores = new Set(sources.map(({ store }) => store));
  return clusters.filter(({ deployments }) => stores.has(deployments));
}

function timeoutFor({ freshness }: Cluster): number {
  return freshness().watching ? timeoutMs.watched : timeoutMs.unwatched;
}

import type { AccessSubject } from '../access/authorizer.ts';
import { withTimeout } from '../access/limit.ts';
import type { Source } from '../deployments/listing.ts';
import type { Cluster } from './cluster.ts';
import { requireFresh } from './fresh-connections.ts';

/**
 * How long one cluster of several is waited for, milliseconds: one that is slow must not make the others so. Of one
 * without a watch no more is expected than what is remembered of it.
 */
const patienceMs = { watched: 2_000, unwatched: 500 };

/** A cluster that could not be asked. */
export interface Failure {
  readonly cluster: string;
  readonly error: unknown;
}

/** What a user may see in several clusters. */
export interface Visible {
  /** Of the clusters where the user has a right. */
  readonly sources: readonly Source[];
  /** What the others have is not known. */
  readonly failures: readonly Failure[];
}

/**
 * What a user may see in one cluster.
 *
 * @param namespace only this one; undefined means all
 * @returns undefined when the user has no right there at all
 * @throws KubernetesError, ConnectionError, UndecidedError when the cluster cannot be asked
 * @throws StaleError when it was not heard for too long
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
 * What a user may see in each of the clusters, all asked at the same time. One that fails, or is slow, does not fail the
 * others.
 *
 * @param namespace only this one; undefined means all
 */
export async function visibleInEach(
  clusters: readonly Cluster[],
  subject: AccessSubject,
  namespace?: string,
): Promise<Visible> {
  const ask = (cluster: Cluster) => visibleIn(cluster, subject, namespace);
  // One alone holds up nobody.
  const inTime = (cluster: Cluster) =>
    clusters.length === 1 ? ask(cluster) : withTimeout(patienceWith(cluster), ask(cluster));
  const answers = await Promise.allSettled(clusters.map(inTime));
  const sources: Source[] = [];
  const failures: Failure[] = [];
  for (const [index, answer] of answers.entries()) {
    if (answer.status === 'rejected') failures.push({ cluster: clusters[index]?.name ?? '', error: answer.reason });
    else if (answer.value) sources.push(answer.value);
  }
  return { sources, failures };
}

function patienceWith({ freshness }: Cluster): number {
  return freshness().watching ? patienceMs.watched : patienceMs.unwatched;
}

import type { Freshness } from '../kube/freshness.ts';
import type { Cluster } from './cluster.ts';

/** A cluster that was not heard for so long that what is known of it is no answer any more. */
export class StaleError extends Error {
  override readonly name = 'StaleError';
  readonly cluster: string;

  /** @param ageSeconds Infinity when it was never heard */
  constructor(cluster: string, ageSeconds: number) {
    const heard = Number.isFinite(ageSeconds) ? `last heard ${Math.floor(ageSeconds)} s ago` : 'not heard yet';
    super(`cluster ${cluster} was ${heard}`);
    this.cluster = cluster;
  }
}

/**
 * That what is known of the cluster may be shown: a watch tells of each change, or it is not too old.
 *
 * @throws StaleError
 */
export function requireFresh({ name, freshness, maxStaleSeconds }: Cluster): void {
  const { watching, ageSeconds } = freshness();
  if (watching || ageSeconds <= maxStaleSeconds) return;
  throw new StaleError(name, ageSeconds);
}

/** How fresh an answer is that was made from several clusters: as the least fresh, of no one resourceVersion. */
export function leastFresh(all: readonly Freshness[]): Freshness {
  return {
    resourceVersion: all.length === 1 ? all[0]?.resourceVersion : undefined,
    ageSeconds: Math.max(...all.map(({ ageSeconds }) => ageSeconds)),
    watching: all.every(({ watching }) => watching),
  };
}

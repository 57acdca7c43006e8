import type { Freshness } from '../kube/freshness.ts';

/** How long a cluster may be silent without a watch before it counts as unavailable, milliseconds. */
const graceMs = 10_000;

export type ConnectionState = 'connecting' | 'available' | 'unavailable';

export interface ObservedConnection {
  /** Whether the caches are filled and the cluster has answered a review. */
  readonly works: boolean;
  /** Time since the connection was begun, milliseconds. */
  readonly ageMs: number;
  /** Of each of its caches. */
  readonly caches: readonly Freshness[];
}

/**
 * What a connection is to be called. A watch ends every few minutes and is opened again, and a cluster that was just
 * registered needs its time: both have a grace.
 */
export function connectionState({ works, ageMs, caches }: ObservedConnection): ConnectionState {
  if (!works) return ageMs < graceMs ? 'connecting' : 'unavailable';
  const isHeard = ({ watching, ageSeconds }: Freshness) => watching || ageSeconds * 1000 < graceMs;
  return caches.every(isHeard) ? 'available' : 'unavailable';
}

import { Gauge, type Registry } from 'prom-client';
import type { Freshness } from '../kube/freshness.ts';

/** A watch cache, as it is at a scrape. */
export interface MeasuredCache {
  /** Name of the cluster. */
  cluster: string;
  /** What is in it, in the plural. */
  resource: string;
  freshness: () => Freshness;
}

/** Tells how fresh the caches are. One that was never filled has no age, and is not watched. */
export function collectCaches(register: Registry, caches: () => Iterable<MeasuredCache>): void {
  const shared = { registers: [register], labelNames: ['cluster', 'resource'] as const };
  new Gauge({
    ...shared,
    name: 'accesskey_cache_age_seconds',
    help: 'Time since the API server was last heard about a cache: an event, a bookmark, a list',
    collect() {
      this.reset();
      for (const { cluster, resource, freshness } of caches()) {
        const { ageSeconds } = freshness();
        if (Number.isFinite(ageSeconds)) this.set({ cluster, resource }, ageSeconds);
      }
    },
  });
  new Gauge({
    ...shared,
    name: 'accesskey_cache_watching',
    help: 'Whether a watch is open that tells a cache of each change',
    collect() {
      this.reset();
      for (const { cluster, resource, freshness } of caches()) {
        this.set({ cluster, resource }, freshness().watching ? 1 : 0);
      }
    },
  });
}

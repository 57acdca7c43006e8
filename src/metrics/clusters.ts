import { Gauge, type Registry } from 'prom-client';
import type { Registry as Clusters } from '../clusters/registry.ts';
import { collectCounts } from './collectors.ts';

/** The registered clusters as they are at a scrape. */
export type MeasuredClusters = Pick<Clusters, 'reports' | 'up'>;

/** Tells of the registered clusters. A cluster that is not registered any more has no series. */
export function collectClusters(register: Registry, clusters: MeasuredClusters): void {
  new Gauge({
    ...{ registers: [register], labelNames: ['cluster'] as const },
    name: 'accesskey_cluster_up',
    help: 'Whether a registered cluster answers, and what is shown of it is up to date',
    collect() {
      this.reset();
      for (const [cluster, up] of clusters.up()) this.set({ cluster }, up ? 1 : 0);
    },
  });
  collectCounts(register, {
    ...{ name: 'accesskey_cluster_registrations', help: 'Registrations of clusters, by state', label: 'state' },
    known: ['connecting', 'available', 'unavailable', 'refused'],
    *states() {
      for (const { state } of clusters.reports()) yield state;
    },
  });
}

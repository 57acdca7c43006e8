import { leaksIn } from '../../support/leaks.ts';
import type { FaultCluster } from './fault-cluster.ts';

/**
 * Searches output, Events, every version of every AccessKey, Leases and metrics for tokens and for every sk that existed.
 *
 * @param metrics texts of /metrics
 * @returns the places with a leak, without the secret itself
 */
export async function leaksOf(
  { admin, history, output, secretKeys }: FaultCluster,
  metrics: readonly string[],
): Promise<string[]> {
  const places = {
    output: output().join('\n'),
    Events: JSON.stringify(await admin.list('/apis/events.k8s.io/v1/events')),
    AccessKeys: history.accessKeyVersions.join('\n'),
    Leases: JSON.stringify(await admin.list('/apis/coordination.k8s.io/v1/leases')),
    metrics: metrics.join('\n'),
  };
  return leaksIn(places, secretKeys);
}

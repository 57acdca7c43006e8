import { leaksIn } from '../../support/leaks.ts';
import type { Arena } from './arena.ts';

/**
 * Looks for every sk that ever existed, and for tokens, wherever none must be: what operators wrote, Events, every version
 * of every AccessKey, Leases and metrics.
 *
 * @param metrics texts of /metrics
 * @returns where one was found, never the secret itself
 */
export async function leaksOf(
  { admin, history, output, secretKeys }: Arena,
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

/** The metrics of an operator, as Prometheus reads them. */
export async function readMetrics({ healthUrl }: { healthUrl: string }): Promise<string> {
  return (await fetch(`${healthUrl}/metrics`)).text();
}

import type { Arena } from './arena.ts';

/**
 * Looks for every sk that ever existed, plain and in base64, wherever none must be: what operators wrote, Events, every
 * version of every AccessKey, Leases and metrics.
 *
 * @param metrics texts of /metrics
 * @returns where one was found, never the sk itself
 */
export async function leaksIn({ admin, history, output }: Arena, metrics: readonly string[]): Promise<string[]> {
  const places = {
    output: output().join('\n'),
    Events: JSON.stringify(await admin.list('/apis/events.k8s.io/v1/events')),
    AccessKeys: history.accessKeyVersions.join('\n'),
    Leases: JSON.stringify(await admin.list('/apis/coordination.k8s.io/v1/leases')),
    metrics: metrics.join('\n'),
  };
  const forms = [...history.secretKeys].flatMap((sk) => [sk, Buffer.from(sk).toString('base64')]);
  return Object.entries(places)
    .filter(([, text]) => forms.some((form) => text.includes(form)))
    .map(([place]) => `an sk is in the ${place}`);
}

/** The metrics of an operator, as Prometheus reads them. */
export async function readMetrics({ healthUrl }: { healthUrl: string }): Promise<string> {
  return (await fetch(`${healthUrl}/metrics`)).text();
}

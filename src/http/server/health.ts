import { Hono } from 'hono';

/** The content of /metrics. */
export interface Exposition {
  readonly contentType: string;
  exposition(): Promise<string>;
}

/**
 * Serves the liveness probe /healthz, the readiness probe /readyz, and /metrics.
 *
 * @param unready returns what the process is waiting for; empty if it is ready
 */
export function createHealthApp(unready: () => readonly string[], metrics?: Exposition): Hono {
  const app = new Hono();
  app.get('/healthz', (context) => context.text('ok\n'));
  app.get('/readyz', (context) => {
    const reasons = unready();
    if (reasons.length === 0) return context.text('ok\n');
    return context.text(`not ready: ${reasons.join(', ')}\n`, 503);
  });
  if (metrics) {
    app.get('/metrics', async (context) =>
      context.body(await metrics.exposition(), 200, { 'Content-Type': metrics.contentType }),
    );
  }
  // By default, Hono writes the error to stderr.
  app.onError((_, context) => context.text('internal error\n', 500));
  return app;
}

import { Hono } from 'hono';

/** What /metrics answers. */
export interface Exposition {
  readonly contentType: string;
  exposition(): Promise<string>;
}

/**
 * The probes of the kubelet: /healthz says that the process answers, /readyz that it can do its work. Beside them
 * /metrics, when there are any.
 *
 * @param unready what the process still waits for, in words; nothing when it is ready
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
  // Hono would write the error to standard error as it is.
  app.onError((_, context) => context.text('internal error\n', 500));
  return app;
}

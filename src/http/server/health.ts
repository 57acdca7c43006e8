import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { limitBody } from '../common/body-limit.ts';
import { PlatformError } from '../common/errors.ts';

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
  app.use(limitBody());
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
  app.onError((error, context) => {
    if (error instanceof PlatformError) return context.text(`${error.message}\n`, error.status);
    if (error instanceof HTTPException) return context.text('the request is malformed\n', error.status);
    return context.text('internal error\n', 500);
  });
  return app;
}

import { Hono } from 'hono';
import type { Logger } from 'pino';
import { limitBody } from '../common/body-limit.ts';
import { createClientAddress, noTrustedProxies } from '../common/client-address.ts';
import type { Environment } from '../common/environment.ts';
import { toPlatformError } from '../common/error-response.ts';
import { answerOtherMethods } from '../common/methods.ts';
import { requestLog } from '../common/request-log.ts';

/** The content of /metrics. */
export interface Exposition {
  readonly contentType: string;
  exposition(): Promise<string>;
}

export interface HealthOptions {
  /** @returns what the process is waiting for; empty if it is ready */
  unready: () => readonly string[];
  /** If unset, /metrics is not found. */
  metrics?: Exposition;
  /** Probes and scrapes repeat every few seconds, so their lines have level debug. */
  log: Logger;
}

/** Serves the liveness probe /healthz, the readiness probe /readyz, and /metrics. */
export function createHealthApp({ unready, metrics, log }: HealthOptions): Hono<Environment> {
  const app = new Hono<Environment>();
  app.use(requestLog({ log, addressOf: createClientAddress(noTrustedProxies), level: 'debug' }));
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
  answerOtherMethods(app);
  app.onError((error, context) => {
    const { headers, message, status } = toPlatformError(error, context);
    for (const [name, value] of Object.entries(headers)) context.header(name, value);
    return context.text(`${message}\n`, status);
  });
  return app;
}

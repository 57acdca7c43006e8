import { Hono } from 'hono';

/** The probes of the kubelet: /healthz says that the process answers, /readyz that it can do its work. */
export function createHealthApp(unready: () => readonly string[]): Hono {
  const app = new Hono();
  app.get('/healthz', (context) => context.text('ok\n'));
  app.get('/readyz', (context) => {
    const reasons = unready();
    if (reasons.length === 0) return context.text('ok\n');
    return context.text(`not ready: ${reasons.join(', ')}\n`, 503);
  });
  return app;
}

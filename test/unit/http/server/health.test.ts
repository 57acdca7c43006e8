import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createHealthApp, type HealthOptions } from '../../../../src/http/server/health.ts';

/** A health app with its log. */
function createProbes(options: Partial<HealthOptions> = {}) {
  const lines: string[] = [];
  const log = pino({ base: null, level: 'debug' }, { write: (line: string) => void lines.push(line) });
  const app = createHealthApp({ unready: () => [], log, ...options });
  return { app, logged: () => lines.map((line) => JSON.parse(line)) };
}

const failing = { contentType: 'text/plain', exposition: () => Promise.reject(new Error('secret')) };

describe('the probes', () => {
  it('/healthz is always ok', async () => {
    const answer = await createProbes({ unready: () => ['caches'] }).app.request('/healthz');
    expect([answer.status, await answer.text()]).toEqual([200, 'ok\n']);
  });

  it('/readyz returns what is not ready', async () => {
    const unready = new Set(['caches', 'signing keys']);
    const { app } = createProbes({ unready: () => [...unready] });
    const first = await app.request('/readyz');
    expect([first.status, await first.text()]).toEqual([503, 'not ready: caches, signing keys\n']);
    unready.clear();
    const second = await app.request('/readyz');
    expect([second.status, await second.text()]).toEqual([200, 'ok\n']);
  });

  it('serves /metrics', async () => {
    const metrics = { contentType: 'text/plain; version=1', exposition: async () => 'a 1\n' };
    const answer = await createProbes({ unready: () => ['caches'], metrics }).app.request('/metrics');
    expect([answer.status, answer.headers.get('Content-Type'), await answer.text()]).toEqual([
      200,
      'text/plain; version=1',
      'a 1\n',
    ]);
  });

  it('does not expose the error of failing metrics', async () => {
    const answer = await createProbes({ metrics: failing }).app.request('/metrics');
    expect([answer.status, await answer.text()]).toEqual([500, 'internal error\n']);
  });

  it.each(['/healthz', '/readyz', '/metrics'])('%s only supports GET and HEAD', async (path) => {
    const metrics = { contentType: 'text/plain', exposition: async () => '' };
    const { app } = createProbes({ metrics });
    const [put, options] = [await app.request(path, { method: 'PUT' }), await app.request(path, { method: 'OPTIONS' })];
    expect([put.status, put.headers.get('Allow')]).toEqual([405, 'GET, HEAD']);
    expect([options.status, options.headers.get('Allow')]).toEqual([204, 'GET, HEAD']);
  });

  it('returns 404 for other paths', async () => {
    expect((await createProbes().app.request('/metrics')).status).toBe(404);
  });
});

describe('the log', () => {
  it.each([
    ['/healthz', 200, 20],
    ['/readyz', 503, 20],
    ['/secret-x', 404, 20],
    ['/metrics', 500, 50],
  ])('of %s is one line with the ID of the response', async (path, status, level) => {
    const { app, logged } = createProbes({ unready: () => ['caches'], metrics: failing });
    const answer = await app.request(path);
    const requestId = answer.headers.get('X-Request-Id');
    expect(requestId).toMatch(/^[\da-f-]{36}$/);
    const route = status === 404 ? '/*' : path;
    expect(logged()).toMatchObject([{ level, requestId, method: 'GET', route, status, msg: 'request' }]);
    expect(JSON.stringify(logged())).not.toContain('secret-x');
  });

  it('has the type and the stack of an internal error', async () => {
    const { app, logged } = createProbes({ metrics: failing });
    await app.request('/metrics');
    expect(logged()).toMatchObject([{ error: 'Error', stack: expect.stringContaining('health.test.ts') }]);
    expect(JSON.stringify(logged())).not.toContain('secret');
  });
});

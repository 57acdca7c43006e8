import { describe, expect, it } from 'vitest';
import { createHealthApp } from '../../../../src/http/server/health.ts';

describe('the probes', () => {
  it('/healthz is always ok', async () => {
    const answer = await createHealthApp(() => ['caches']).request('/healthz');
    expect([answer.status, await answer.text()]).toEqual([200, 'ok\n']);
  });

  it('/readyz returns what is not ready', async () => {
    const unready = new Set(['caches', 'signing keys']);
    const app = createHealthApp(() => [...unready]);
    const first = await app.request('/readyz');
    expect([first.status, await first.text()]).toEqual([503, 'not ready: caches, signing keys\n']);
    unready.clear();
    const second = await app.request('/readyz');
    expect([second.status, await second.text()]).toEqual([200, 'ok\n']);
  });

  it('serves /metrics', async () => {
    const app = createHealthApp(() => ['caches'], {
      contentType: 'text/plain; version=1',
      exposition: async () => 'a 1\n',
    });
    const answer = await app.request('/metrics');
    expect([answer.status, answer.headers.get('Content-Type'), await answer.text()]).toEqual([
      200,
      'text/plain; version=1',
      'a 1\n',
    ]);
  });

  it('does not expose the error of failing metrics', async () => {
    const exposition = () => Promise.reject(new Error('secret'));
    const answer = await createHealthApp(() => [], { contentType: 'text/plain', exposition }).request('/metrics');
    expect([answer.status, await answer.text()]).toEqual([500, 'internal error\n']);
  });

  it('returns 404 for other paths', async () => {
    expect((await createHealthApp(() => []).request('/metrics')).status).toBe(404);
  });
});

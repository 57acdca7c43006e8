import { expect, onTestFinished, test } from 'vitest';
import { createAgentMetrics } from '../../../../src/cli/agent/metrics.ts';
import { parseListenAddress, startStatusServer } from '../../../../src/cli/agent/status-server.ts';

test('serves readiness and metrics on all addresses, and nothing else', async () => {
  const { registry } = createAgentMetrics();
  let isReady = false;
  const server = await startStatusServer(parseListenAddress(':0'), { registry, isReady: () => isReady });
  onTestFinished(() => server.close());
  const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${server.port}${path}`, { method });
  expect((await get('/readyz')).status).toBe(503);
  expect((await get('/healthz')).status).toBe(200);
  isReady = true;
  expect((await get('/readyz')).status).toBe(200);
  expect(await (await get('/metrics')).text()).toContain('accesskey_agent_refreshes_total 0');
  expect((await get('/token')).status).toBe(404);
  expect((await get('/metrics', 'POST')).status).toBe(404);
});

test('fails for an address that the machine does not have', async () => {
  const { registry } = createAgentMetrics();
  const listening = startStatusServer({ host: '192.0.2.1', port: 0 }, { registry, isReady: () => true });
  await expect(listening).rejects.toThrow('EADDRNOTAVAIL');
});

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { expect, it, vi } from 'vitest';
import { createWorkQueue, type WorkQueue } from '../../../src/kube/work-queue.ts';
import { createWorkQueueMetrics } from '../../../src/metrics/work-queue.ts';
import { untilReconciled } from '../../support/reconciliation.ts';

it('untilReconciled waits for keys that were added, but not for those that were dropped with the leadership', async () => {
  const registry = new Registry();
  const metrics = createWorkQueueMetrics(registry)('accesskey');
  const releases: (() => void)[] = [];
  const createQueue = (): WorkQueue =>
    createWorkQueue({
      concurrency: 1,
      backoff: { baseMs: 1, maxMs: 1 },
      handle: () => new Promise((resolve) => releases.push(() => resolve(undefined))),
      onFailure: () => 0,
      metrics,
    });
  let reads = 0;
  const server = createServer(async (_, response) => {
    reads += 1;
    response.end(await registry.metrics());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const healthUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  const first = createQueue();
  for (const key of ['a', 'b', 'c']) first.add(key);
  await turn();
  const ended = first.shutDown();
  releases.shift()?.();
  await ended;
  const second = createQueue();
  second.add('a');
  await turn();
  let isDone = false;
  const waiting = untilReconciled({ healthUrl }, 1).then(() => {
    isDone = true;
  });
  await vi.waitUntil(() => reads > 2, { timeout: 60_000 });
  expect(isDone).toBe(false);
  releases.shift()?.();
  await waiting;
  server.close();
  await second.shutDown();
});

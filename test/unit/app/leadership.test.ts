/** The work of the leader with a fake API server that has one Secret and no AccessKey. */
import { pino } from 'pino';
import type { Dispatcher } from 'undici';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { AccessKeyCaches } from '../../../src/accesskey/model/caches.ts';
import { createLeadership } from '../../../src/app/leadership.ts';
import { KubernetesError } from '../../../src/kube/errors.ts';
import type { Transport } from '../../../src/kube/transport.ts';
import { accessKey, caches, guardrails, noTokens, now, rawSecret, secret } from '../../support/builders.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const secretPath = '/api/v1/namespaces/shop/secrets/ann-main';

/** Responds to reads of the Secret and to every write, and records the writes. */
function createApiServer() {
  const writes: string[] = [];
  const transport: Transport = {
    server: 'https://cluster.test',
    async send({ method, path }) {
      if (method !== 'GET') writes.push(`${method} ${path}`);
      else if (path !== secretPath) throw new KubernetesError('not found', { status: 404, reason: 'NotFound' });
      return { body: [Buffer.from(JSON.stringify(rawSecret()))] } as unknown as Dispatcher.ResponseData;
    },
    close: async () => undefined,
  };
  return { transport, writes };
}

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Runs the work of the leader, without election. */
function lead(transport: Transport, filled: AccessKeyCaches) {
  const leadership = createLeadership({
    configuration: {
      namespace: 'accesskey-system',
      leaderElection: { enabled: false } as never,
      warnings: { expiryDays: [] },
    },
    transport,
    caches: filled,
    tokens: noTokens,
    guardrails: guardrails(),
    accepts: () => true,
    instance: 'pod-1',
    startRotation: () => async () => undefined,
    log: pino({ level: 'silent' }),
    now: () => now,
  });
  const stop = new AbortController();
  return { running: leadership.run(stop.signal), stop: () => stop.abort() };
}

it('deletes a Secret whose AccessKey no longer exists after five minutes', async () => {
  const { transport, writes } = createApiServer();
  const { running, stop } = lead(transport, caches({ secrets: [secret()] }));
  await pass(5 * 60_000 - 1);
  expect(writes).toEqual([]);
  await pass(1);
  expect(writes).toEqual([`DELETE ${secretPath}`, 'POST /apis/events.k8s.io/v1/namespaces/shop/events']);
  stop();
  await running;
});

it('aborts requests that take longer than five seconds after the end of leadership', async () => {
  const sent: string[] = [];
  const webhook: Transport = {
    server: 'https://cluster.test',
    send({ method, path, signal }) {
      sent.push(`${method} ${path}`);
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    },
    close: async () => undefined,
  };
  const { running, stop } = lead(webhook, caches({ accessKeys: [accessKey()] }));
  let hasEnded = false;
  running.then(() => {
    hasEnded = true;
  });
  await pass(0);
  stop();
  await pass(4_999);
  expect(hasEnded).toBe(false);
  await pass(1);
  expect(hasEnded).toBe(true);
  expect(sent).toHaveLength(1);
});

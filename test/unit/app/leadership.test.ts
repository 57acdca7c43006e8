/** The work of the leader with a fake API server that has one Secret and no AccessKey. */
import { pino } from 'pino';
import type { Dispatcher } from 'undici';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createLeadership } from '../../../src/app/leadership.ts';
import { KubernetesError } from '../../../src/kube/errors.ts';
import type { Transport } from '../../../src/kube/transport.ts';
import { caches, guardrails, noTokens, now, rawSecret, secret } from '../../support/builders.ts';

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

it('deletes a Secret whose AccessKey no longer exists after five minutes', async () => {
  const { transport, writes } = createApiServer();
  const leaderElection = { enabled: false } as never;
  const leadership = createLeadership({
    configuration: { namespace: 'accesskey-system', leaderElection, warnings: { expiryDays: [] } },
    transport,
    caches: caches({ secrets: [secret()] }),
    tokens: noTokens,
    guardrails: guardrails(),
    accepts: () => true,
    instance: 'pod-1',
    startRotation: () => async () => undefined,
    log: pino({ level: 'silent' }),
    now: () => now,
  });
  const stop = new AbortController();
  const running = leadership.run(stop.signal);
  await pass(5 * 60_000 - 1);
  expect(writes).toEqual([]);
  await pass(1);
  expect(writes).toEqual([`DELETE ${secretPath}`, 'POST /apis/events.k8s.io/v1/namespaces/shop/events']);
  stop.abort();
  await running;
});

import { pino } from 'pino';
import type { Dispatcher } from 'undici';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { KubernetesError } from '../../../src/kube/errors.ts';
import { createLeaseLock } from '../../../src/kube/lease-lock.ts';
import type { Lease } from '../../../src/kube/lease-record.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Without a pause, a test would never end. */
const tooMany = 100;

/** The lock of a Lease whose writes are rejected with 409 after the first one. */
async function createContested() {
  let writes = 0;
  let stored: Lease | undefined;
  const lock = createLeaseLock({
    transport: {
      server: 'https://10.0.0.1',
      async send({ method, body = '' }) {
        if (method !== 'GET') {
          writes += 1;
          if (writes > tooMany) throw new Error('too many writes');
          if (stored) throw new KubernetesError('conflict', { status: 409 });
          stored = JSON.parse(body) as Lease;
        }
        if (!stored) throw new KubernetesError('not found', { status: 404 });
        return { body: [Buffer.from(JSON.stringify(stored))] } as unknown as Dispatcher.ResponseData;
      },
      close: async () => undefined,
    },
    namespace: 'shop',
    name: 'lease',
    identity: 'me',
    log: pino({ level: 'silent' }),
    leaseDurationMs: 15_000,
    now: () => performance.now(),
  });
  await lock.tryHold(false, new AbortController().signal);
  return { lock, releases: () => writes - 1 };
}

test('a release that conflicts is repeated with backoff until it is aborted', async () => {
  const { lock, releases } = await createContested();
  const limit = new AbortController();
  const outcome = lock.release(limit.signal).catch((error: Error) => error.message);
  await vi.advanceTimersByTimeAsync(100);
  expect(releases()).toBeGreaterThan(1);
  await vi.advanceTimersByTimeAsync(9_900);
  expect(releases()).toBeLessThan(20);
  limit.abort(new Error('the process ends'));
  expect(await outcome).toBe('the process ends');
});

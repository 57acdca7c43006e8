import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConnectionError, KubernetesError } from '../../../src/kube/errors.ts';
import { createReflector } from '../../../src/kube/reflector.ts';
import { createStore } from '../../../src/kube/store.ts';
import type { Transport } from '../../../src/kube/transport.ts';
import { observedTransport } from '../../../src/kube/transport-wrappers.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const outage = new ConnectionError('refused');

/** A reflector whose lists fail, next to other requests of the same transport. */
function createFailing(errorOfList: Error) {
  let lists = 0;
  const inner: Transport = {
    server: 'https://10.0.0.1',
    async send({ path }) {
      if (!path.startsWith('/api/v1/secrets')) return {} as Awaited<ReturnType<Transport['send']>>;
      lists += 1;
      throw errorOfList;
    },
    close: async () => undefined,
  };
  const transport = observedTransport(inner);
  const reflector = createReflector({
    transport,
    target: { path: '/api/v1/secrets' },
    store: createStore({}),
    transform: ({ metadata }) => ({ key: metadata.name, resourceVersion: metadata.resourceVersion }),
    log: pino({ level: 'silent' }),
  });
  const stop = new AbortController();
  const running = reflector.run(stop.signal);
  return {
    lists: () => lists,
    /** Another request of the process gets a response. */
    respond: () => transport.send({ method: 'GET', path: '/version' }),
    async stop() {
      stop.abort();
      await running;
    },
  };
}

describe('a reflector in a long backoff', () => {
  it('retries within two seconds once another request shows that the API server is reachable', async () => {
    const failing = createFailing(outage);
    await vi.advanceTimersByTimeAsync(300_000);
    const before = failing.lists();
    await failing.respond();
    await vi.advanceTimersByTimeAsync(1_500);
    expect(failing.lists()).toBe(before + 1);
    await failing.stop();
  });

  it('waits for the Retry-After although the API server is reachable', async () => {
    const failing = createFailing(new KubernetesError('unavailable', { status: 503, retryAfterMs: 60_000 }));
    await vi.advanceTimersByTimeAsync(1);
    await failing.respond();
    await vi.advanceTimersByTimeAsync(59_000);
    expect(failing.lists()).toBe(1);
    await failing.stop();
  });

  it('keeps backing off after an error that is not an outage while other requests succeed', async () => {
    const failing = createFailing(new KubernetesError('forbidden', { status: 403 }));
    for (let second = 0; second < 300; second += 1) {
      await failing.respond();
      await vi.advanceTimersByTimeAsync(1_000);
    }
    // Without backoff there would be 300.
    expect(failing.lists()).toBeLessThan(30);
    await failing.stop();
  });
});

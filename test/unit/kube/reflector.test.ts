import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConnectionError, KubernetesError } from '../../../src/kube/errors.ts';
import { createReflector } from '../../../src/kube/reflector.ts';
import { createStore } from '../../../src/kube/store.ts';
import type { Transport, TransportRequest } from '../../../src/kube/transport.ts';
import { observedTransport, pacedTransport } from '../../../src/kube/transport-wrappers.ts';

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

describe('a reflector with a limit for lists', () => {
  it('lists again when its watches have sent more than the limit, so that the store stays bounded', async () => {
    const object = (name: string) => ({
      metadata: { name, namespace: 'a', resourceVersion: '5' },
      text: 'x'.repeat(100),
    });
    const list = JSON.stringify({ metadata: { resourceVersion: '1' }, items: [object('listed')] });
    async function* endless() {
      for (let count = 0; ; count += 1) {
        yield Buffer.from(`${JSON.stringify({ type: 'ADDED', object: object(`added-${count}`) })}\n`);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
    const transport: Transport = {
      server: 'https://10.0.0.1',
      async send({ path }) {
        const body = path.includes('watch=') ? endless() : [Buffer.from(list)];
        return { body } as unknown as Awaited<ReturnType<Transport['send']>>;
      },
      close: async () => undefined,
    };
    const store = createStore({});
    const sizes: number[] = [];
    store.subscribe(() => sizes.push(store.size));
    const reflector = createReflector({
      transport,
      target: { path: '/api/v1/secrets', maxBytes: 2_000 },
      store,
      transform: ({ metadata }) => ({ key: metadata.name, resourceVersion: metadata.resourceVersion }),
      log: pino({ level: 'silent' }),
    });
    const stop = new AbortController();
    void reflector.run(stop.signal);
    await vi.advanceTimersByTimeAsync(1_000);
    stop.abort();
    expect(sizes.length).toBeGreaterThan(100);
    expect(Math.max(...sizes)).toBeLessThan(20);
  });
});

describe('a reflector of a cluster that sends without end', () => {
  const metadata = { name: 'a', namespace: 'b', resourceVersion: '5' };
  const change = Buffer.from(`${JSON.stringify({ type: 'MODIFIED', object: { metadata } })}\n`);
  const list = Buffer.from(JSON.stringify({ metadata: { resourceVersion: '1' }, items: [] }));
  const nextMs = () => new Promise((resolve) => setTimeout(resolve, 1));

  /** @returns the number of changes that the reflector processed in 100 seconds of watches with this response */
  async function changesOf(watched: (request: TransportRequest) => AsyncIterable<Uint8Array>): Promise<number> {
    let changes = 0;
    const inner: Transport = {
      server: 'https://10.0.0.1',
      async send(request) {
        const body = request.path.includes('watch=') ? watched(request) : [list];
        return { body } as unknown as Awaited<ReturnType<Transport['send']>>;
      },
      close: async () => undefined,
    };
    const reflector = createReflector({
      transport: pacedTransport(inner),
      target: { path: '/api/v1/namespaces' },
      store: createStore({}),
      transform() {
        changes += 1;
        return { key: 'a', resourceVersion: '5' };
      },
      log: pino({ level: 'silent' }),
    });
    const stop = new AbortController();
    const running = reflector.run(stop.signal);
    await vi.advanceTimersByTimeAsync(100_000);
    const before = changes;
    stop.abort();
    await vi.advanceTimersByTimeAsync(1);
    await running;
    return before;
  }

  it('spends ten seconds and then a tenth of the time on a watch', async () => {
    async function* endless({ received, signal }: TransportRequest) {
      while (!signal?.aborted) {
        await nextMs();
        // Each piece counts 5 µs, so those of one change count 10 ms.
        for (let piece = 0; piece < 2_000; piece += 1) received?.();
        yield change;
      }
    }
    const changes = await changesOf(endless);
    expect(changes).toBeGreaterThan(1_900);
    expect(changes).toBeLessThan(2_100);
  });

  it('spends as much on watches that end after a change', async () => {
    async function* short() {
      await nextMs();
      yield change;
    }
    const changes = await changesOf(short);
    // Each request counts a millisecond.
    expect(changes).toBeGreaterThan(19_000);
    expect(changes).toBeLessThan(21_000);
  });
});

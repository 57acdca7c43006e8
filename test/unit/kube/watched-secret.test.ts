import { pino } from 'pino';
import type { Dispatcher } from 'undici';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { KubernetesClient } from '../../../src/kube/client.ts';
import { ConnectionError, KubernetesError } from '../../../src/kube/errors.ts';
import type { RawObject } from '../../../src/kube/raw-object.ts';
import type { Transport } from '../../../src/kube/transport.ts';
import { createOwnSecret, createWatchedSecret } from '../../../src/kube/watched-secret.ts';

const secret = { namespace: 'system', name: 'keys' };

/** An API server with at most one Secret, and a watched Secret that runs until the test ends. */
function start({ recreate = true, exists = false, failures = [] as Error[] } = {}) {
  const paths: string[] = [];
  const lines: string[] = [];
  let created = 0;
  let version = 1;
  const object = () => ({ metadata: { ...secret, resourceVersion: String(version) } }) as RawObject;
  const initial = exists ? [object()] : [];
  const transport: Transport = {
    server: 'https://10.0.0.1',
    async send({ path, signal }) {
      paths.push(path);
      const list = JSON.stringify({ metadata: { resourceVersion: '1' }, items: initial });
      if (!path.includes('watch=')) return { body: [Buffer.from(list)] } as unknown as Dispatcher.ResponseData;
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))));
    },
    close: async () => undefined,
  };
  const watched = createWatchedSecret({
    transport,
    secret,
    transform: ({ metadata }) => ({ key: 'system/keys', resourceVersion: metadata.resourceVersion }),
    async create() {
      created += 1;
      const failure = failures.shift();
      if (failure) throw failure;
      version += 1;
      watched.store.upsert({ key: 'system/keys', resourceVersion: String(version) });
    },
    recreate,
    purpose: 'test-key',
    log: pino({ base: null, level: 'error' }, { write: (line: string) => void lines.push(line) }),
  });
  const stop = new AbortController();
  const running = watched.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
  return { ...watched, paths, lines, created: () => created };
}

/** Lets everything happen that is due within so many milliseconds. */
const elapse = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a watched Secret', () => {
  it('lists and watches only its own name', async () => {
    const { paths } = start({ exists: true });
    await elapse(0);
    expect(paths).toHaveLength(2);
    for (const path of paths) {
      expect(path).toMatch(/^\/api\/v1\/namespaces\/system\/secrets\?.*fieldSelector=metadata.name%3Dkeys/);
    }
  });

  it('is created once if it is missing', async () => {
    const { created, store } = start();
    await elapse(60_000);
    expect([created(), store.size]).toEqual([1, 1]);
  });

  it('is not created if it exists', async () => {
    const { created } = start({ exists: true });
    await elapse(60_000);
    expect(created()).toBe(0);
  });

  it('is created again after 5 seconds when that fails, and each failure is logged', async () => {
    const failures = [
      new ConnectionError('refused'),
      new KubernetesError('forbidden', { status: 403, reason: 'Forbidden' }),
    ];
    const { created, lines } = start({ failures });
    await elapse(4_999);
    expect(created()).toBe(1);
    await elapse(1);
    expect(created()).toBe(2);
    await elapse(60_000);
    expect(created()).toBe(3);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { secret: 'system/keys', reason: 'refused', msg: 'cannot create test-key Secret, retrying' },
      { secret: 'system/keys', reason: 'forbidden', msg: 'cannot create test-key Secret, retrying' },
    ]);
  });

  it.each([
    ['is created again after a deletion with recreate', true, 2],
    ['is not created again after a deletion without recreate', false, 1],
  ])('%s', async (_, recreate, times) => {
    const { created, store } = start({ recreate });
    await elapse(0);
    store.remove('system/keys');
    await elapse(60_000);
    expect(created()).toBe(times);
  });

  it('that existed at the start is created after deletion only with recreate', async () => {
    const [again, never] = [start({ exists: true }), start({ exists: true, recreate: false })];
    await elapse(0);
    for (const { store } of [again, never]) store.remove('system/keys');
    await elapse(60_000);
    expect([again.created(), never.created()]).toEqual([1, 0]);
  });
});

describe('createOwnSecret', () => {
  const createClient = (failure?: Error) => {
    const calls: unknown[] = [];
    const create = async (...call: unknown[]) => {
      calls.push(call);
      if (failure) throw failure;
    };
    return { client: { create } as unknown as KubernetesClient, calls };
  };

  it('creates a labelled Secret that GitOps tools do not prune', async () => {
    const { client, calls } = createClient();
    expect(await createOwnSecret(client, secret, { type: 'a/b', data: { key: 'eA==' } })).toBe(true);
    const metadata = {
      name: 'keys',
      labels: { 'app.kubernetes.io/name': 'accesskey-operator' },
      annotations: {
        'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
        'kustomize.toolkit.fluxcd.io/prune': 'disabled',
      },
    };
    expect(calls).toEqual([
      [
        { apiVersion: 'v1', plural: 'secrets', namespace: 'system' },
        { metadata, type: 'a/b', data: { key: 'eA==' } },
      ],
    ]);
  });

  it('returns false if the Secret already exists', async () => {
    const { client } = createClient(new KubernetesError('exists', { status: 409, reason: 'AlreadyExists' }));
    expect(await createOwnSecret(client, secret, { type: 'a/b' })).toBe(false);
  });

  it('rejects with any other error', async () => {
    const error = new KubernetesError('forbidden', { status: 403, reason: 'Forbidden' });
    await expect(createOwnSecret(createClient(error).client, secret, { type: 'a/b' })).rejects.toBe(error);
  });
});

import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import type { Dispatcher } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { blockingNames, createBlockingSecrets } from '../../../../src/accesskey/reconcile/blocking-secrets.ts';
import type { WatchEvent } from '../../../../src/kube/list-watch-response.ts';
import type { RawObject } from '../../../../src/kube/raw-object.ts';
import type { Transport } from '../../../../src/kube/transport.ts';

const ann = { key: 'shop/ann', namespace: 'shop' };
const bob = { key: 'shop/bob', namespace: 'shop' };

/** Lets everything happen that waits for no timer. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

type Metadata = Partial<RawObject['metadata']>;

const object = (name: string, metadata: Metadata = {}): RawObject => ({
  metadata: { name, namespace: 'shop', uid: `${name}-1`, resourceVersion: '1', ...metadata },
});

let stop = async () => undefined as unknown;
afterEach(() => stop());

/** An API server with these Secrets, whose watches get the events of `send`. */
function start({ existing = [] as string[], limit = 32, namespaceLimit = 32 } = {}) {
  const requests: { url: URL; accept: string | undefined }[] = [];
  const open = new Map<string, PassThrough>();
  const transport: Transport = {
    server: 'https://cluster.test',
    async send({ path, headers, signal }) {
      const url = new URL(path, 'https://cluster.test');
      requests.push({ url, accept: headers?.accept?.toString() });
      const name = url.searchParams.get('fieldSelector')?.replace('metadata.name=', '') ?? '';
      if (!url.searchParams.has('watch')) {
        const items = existing.includes(name) ? [object(name)] : [];
        const list = JSON.stringify({ metadata: { resourceVersion: '1' }, items });
        return { body: [Buffer.from(list)] } as unknown as Dispatcher.ResponseData;
      }
      const body = new PassThrough();
      open.set(name, body);
      signal?.addEventListener('abort', () => {
        open.delete(name);
        body.destroy(new Error('aborted'));
      });
      return { body } as unknown as Dispatcher.ResponseData;
    },
    close: async () => undefined,
  };
  const changed: string[] = [];
  const secrets = createBlockingSecrets({
    transport,
    log: pino({ level: 'silent' }),
    onChange: (accessKey) => void changed.push(accessKey),
    limit,
    namespaceLimit,
  });
  stop = secrets.stop;
  return {
    secrets,
    requests,
    changed,
    watched: () => [...open.keys()].sort(),
    async send(name: string, type: WatchEvent['type'], metadata: Metadata = {}) {
      open
        .get(name)
        ?.write(`${JSON.stringify({ type, object: object(name, { resourceVersion: '2', ...metadata }) })}\n`);
      await settled();
    },
  };
}

describe('a blocking Secret', () => {
  it('is watched alone, and only its metadata', async () => {
    const { secrets, requests, changed } = start({ existing: ['ann-main'] });
    secrets.watch(ann, ['ann-main']);
    await settled();
    expect(requests).toHaveLength(2);
    for (const { url, accept } of requests) {
      expect(url.pathname).toBe('/api/v1/namespaces/shop/secrets');
      expect(url.searchParams.get('fieldSelector')).toBe('metadata.name=ann-main');
      expect(accept).toContain('as=PartialObjectMetadata');
    }
    expect(changed).toEqual([]);
  });

  it.each<[string, WatchEvent['type'], Metadata]>([
    ['is deleted', 'DELETED', {}],
    ['is marked for adoption', 'MODIFIED', { annotations: { 'ghippo.io/adopt': 'ann/main' } }],
    ['loses its owner', 'MODIFIED', { ownerReferences: [] }],
    ['is replaced', 'MODIFIED', { uid: 'another' }],
  ])('causes a reconcile when it %s', async (_, type, metadata) => {
    const { secrets, changed, send } = start({ existing: ['ann-main'] });
    secrets.watch(ann, ['ann-main']);
    await settled();
    await send('ann-main', type, metadata);
    expect(changed).toEqual(['shop/ann']);
  });

  it('causes no reconcile for other changes, however many', async () => {
    const { secrets, changed, send } = start({ existing: ['ann-main'] });
    secrets.watch(ann, ['ann-main']);
    await settled();
    for (const version of ['2', '3', '4']) {
      await send('ann-main', 'MODIFIED', { resourceVersion: version, labels: { version } });
    }
    expect(changed).toEqual([]);
  });

  it('causes a reconcile if it was deleted before the watch started', async () => {
    const { secrets, changed } = start();
    secrets.watch(ann, ['ann-main']);
    await settled();
    expect(changed).toEqual(['shop/ann']);
  });

  it('is watched once while the conflict lasts, and no longer when it ends', async () => {
    const { secrets, requests, watched } = start({ existing: ['ann-main', 'ann-ci'] });
    for (let reconcile = 0; reconcile < 3; reconcile += 1) secrets.watch(ann, ['ann-main', 'ann-ci']);
    await settled();
    expect([requests.length, watched(), secrets.size]).toEqual([4, ['ann-ci', 'ann-main'], 2]);
    secrets.watch(ann, ['ann-ci']);
    await settled();
    expect([watched(), secrets.size]).toEqual([['ann-ci'], 1]);
    secrets.end(ann.key);
    await settled();
    expect([watched(), secrets.size]).toEqual([[], 0]);
  });

  it('is not watched beyond the limit, until another conflict ends', async () => {
    const { secrets, watched } = start({ existing: ['a', 'b', 'c'], limit: 2 });
    secrets.watch(ann, ['a', 'b']);
    secrets.watch(bob, ['c']);
    await settled();
    expect([watched(), secrets.size]).toEqual([['a', 'b'], 2]);
    secrets.watch(ann, ['b']);
    secrets.watch(bob, ['c']);
    await settled();
    expect([watched(), secrets.size]).toEqual([['b', 'c'], 2]);
  });

  it('is watched although the conflicts of another namespace have used up their share', async () => {
    const { secrets, watched } = start({ existing: ['a', 'b', 'c', 'd'], namespaceLimit: 2 });
    secrets.watch(ann, ['a']);
    secrets.watch(bob, ['b', 'c']);
    secrets.watch({ key: 'shopping/zoe', namespace: 'shopping' }, ['d']);
    await settled();
    expect([watched(), secrets.size]).toEqual([['a', 'b', 'd'], 3]);
  });

  it('is not watched after the controller has stopped', async () => {
    const { secrets, watched } = start({ existing: ['a', 'b'] });
    secrets.watch(ann, ['a']);
    secrets.watch(bob, ['b']);
    await settled();
    await secrets.stop();
    expect([watched(), secrets.size]).toEqual([[], 0]);
  });
});

describe('the blocking names', () => {
  it('are those of pairs whose Secret is taken or being deleted', () => {
    const outcome = (secretName: string, reason?: 'SecretConflict' | 'SecretTerminating' | 'SecretFailed') => ({
      pair: { name: secretName },
      secretName,
      change: 'none' as const,
      ...(reason && { problem: { reason, message: '' } }),
    });
    const pairs = [
      outcome('fine'),
      outcome('taken', 'SecretConflict'),
      outcome('ending', 'SecretTerminating'),
      outcome('failed', 'SecretFailed'),
    ];
    expect(blockingNames({ pairs, notRemoved: [] })).toEqual(['taken', 'ending']);
  });
});

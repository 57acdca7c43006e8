import { pino } from 'pino';
import type { Dispatcher } from 'undici';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { KubernetesClient } from '../../../../src/kube/client.ts';
import { KubernetesError } from '../../../../src/kube/errors.ts';
import type { RawObject } from '../../../../src/kube/raw-object.ts';
import type { Transport } from '../../../../src/kube/transport.ts';
import { createEndedSignOns, type EndedSignOns } from '../../../../src/web/oidc/ended-sign-ons.ts';
import { poll } from '../../../../tools/poll.ts';

const secret = { namespace: 'system', name: 'sign-outs' };
const now = 1_000_000;

/** An API server with one Secret. Its watches show nothing. */
function createServer() {
  const list = { endedBefore: 0, entries: [] };
  let object = {
    metadata: { ...secret, resourceVersion: '1' },
    data: { ended: Buffer.from(JSON.stringify(list)).toString('base64') },
  } as unknown as RawObject;
  const calls = { patch: 0, conflicts: 0, list: 0 };
  const client = {
    async patch(_: object, { metadata, data }: { metadata: { resourceVersion: string }; data: object }) {
      calls.patch += 1;
      await server.held;
      if (metadata.resourceVersion !== object.metadata.resourceVersion) {
        calls.conflicts += 1;
        throw new KubernetesError('conflict', { status: 409 });
      }
      object = {
        ...object,
        metadata: { ...object.metadata, resourceVersion: String(Number(metadata.resourceVersion) + 1) },
        data: { ...(object.data as object), ...data },
      };
      return object;
    },
    async list() {
      calls.list += 1;
      return [object];
    },
  } as unknown as KubernetesClient;
  const transport: Transport = {
    server: 'https://10.0.0.1',
    async send({ path, signal }) {
      const body = JSON.stringify({ metadata: { resourceVersion: '1' }, items: [object] });
      if (!path.includes('watch=')) return { body: [Buffer.from(body)] } as unknown as Dispatcher.ResponseData;
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))));
    },
    close: async () => undefined,
  };
  return { client, transport, calls, held: Promise.resolve() };
}

/** A replica, whose watch shows nothing after the first list. */
async function startReplica({ client, transport }: ReturnType<typeof createServer>): Promise<EndedSignOns> {
  const log = pino({ level: 'silent' });
  const ended = createEndedSignOns({ transport, client, secret, sessionMs: 3_600_000, log, now: () => now });
  const stop = new AbortController();
  const running = ended.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
  await poll('the Secret', async () => ended.has(signOnOf('nobody')) === false);
  return ended;
}

const signOnOf = (sid: string) => ({ sub: `sub-of-${sid}`, sid, signedInAt: 600_000 });
const endedOf = (sid: string) => ({ sub: `sub-of-${sid}`, sid, at: 700_000 });
const sids = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

let server: ReturnType<typeof createServer>;
beforeEach(() => {
  server = createServer();
});

describe('concurrent sign-outs', () => {
  it('of one replica are one write', async () => {
    const replica = await startReplica(server);
    const all = sids('a', 50);
    await Promise.all(all.map((sid) => replica.add(endedOf(sid))));
    expect(all.filter((sid) => !replica.has(signOnOf(sid)))).toEqual([]);
    expect(server.calls).toEqual({ patch: 1, conflicts: 0, list: 0 });
    await Promise.all([replica.add(endedOf('b')), ...sids('c', 20).map((sid) => replica.add(endedOf(sid)))]);
    expect(server.calls).toEqual({ patch: 2, conflicts: 0, list: 0 });
  });

  it('during a write become the next one', async () => {
    const replica = await startReplica(server);
    const { promise, resolve } = Promise.withResolvers<void>();
    server.held = promise;
    const first = replica.add(endedOf('first'));
    await poll('the first write', async () => server.calls.patch === 1);
    const others = sids('a', 20).map((sid) => replica.add(endedOf(sid)));
    resolve();
    await Promise.all([first, ...others]);
    expect(server.calls).toEqual({ patch: 2, conflicts: 0, list: 0 });
  });

  it('of several replicas are all stored, although their watches are behind', async () => {
    const replicas = await Promise.all([0, 1, 2].map(() => startReplica(server)));
    const all = sids('a', 60);
    await Promise.all(all.map((sid, n) => replicas[n % 3]?.add(endedOf(sid))));
    const later = await startReplica(server);
    expect(all.filter((sid) => !later.has(signOnOf(sid)))).toEqual([]);
    expect(server.calls.patch).toBeLessThan(20);
  });
});

it('writes nothing for a copy of a logout token', async () => {
  const replica = await startReplica(server);
  await replica.add(endedOf('a'));
  await replica.add(endedOf('a'));
  expect(server.calls).toEqual({ patch: 1, conflicts: 0, list: 0 });
});

it('reports a failure to each waiting sign-out, and writes later ones', async () => {
  const replica = await startReplica(server);
  const { patch } = server.client;
  server.client.patch = () => Promise.reject(new KubernetesError('down', { status: 503 }));
  const results = await Promise.allSettled(sids('a', 3).map((sid) => replica.add(endedOf(sid))));
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  server.client.patch = patch;
  await replica.add(endedOf('b'));
  expect([replica.has(signOnOf('a-0')), replica.has(signOnOf('b'))]).toEqual([false, true]);
});

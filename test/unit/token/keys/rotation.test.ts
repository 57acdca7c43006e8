import { pino } from 'pino';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { KubernetesClient } from '../../../../src/kube/client.ts';
import { KubernetesError, NotLeaderError } from '../../../../src/kube/errors.ts';
import { createStore } from '../../../../src/kube/store.ts';
import type { KeyRequests } from '../../../../src/token/keys/facts.ts';
import { parseKeys, type StoredKey } from '../../../../src/token/keys/format.ts';
import { collectRevocations } from '../../../../src/token/keys/revocations.ts';
import { startKeyRotation } from '../../../../src/token/keys/rotation.ts';
import { generateSigningKeys } from '../../../../src/token/keys/signing-keys.ts';
import { dataKey, type KeySecretRecord } from '../../../../src/token/keys/store.ts';
import { keyPolicy, now } from '../../../support/builders.ts';

const secret = { namespace: 'system', name: 'keys' };
const key = 'system/keys';
const day = 86_400_000;
let content: string;

beforeAll(async () => {
  content = await generateSigningKeys(new Date(now), keyPolicy);
});

interface Patch {
  metadata: { resourceVersion: string };
  data: Record<string, string>;
}

/**
 * An API server with one Secret and optimistic concurrency. `cached` is the set in memory; `fail` returns the error of a
 * write, or undefined.
 */
function createWorld({ cached = content, at = now, fail = (): Error | undefined => undefined } = {}) {
  const store = createStore<KeySecretRecord>({});
  const revoked = collectRevocations(store, key);
  const world = {
    version: 0,
    content: undefined as string | undefined,
    attempts: 0,
    reads: 0,
    at,
    fail,
    lines: [] as string[],
  };
  function putSecret(next: string, requests: Partial<KeyRequests> = {}): void {
    world.content = next;
    world.version += 1;
    const resourceVersion = String(world.version);
    store.upsert({ key, ...secret, uid: 'u1', resourceVersion, content: next, requests: { revoke: [], ...requests } });
  }
  function attempt(): void {
    world.attempts += 1;
    const error = world.fail();
    if (error) throw error;
  }
  const secretReference = { apiVersion: 'v1', plural: 'secrets', ...secret };
  const client = {
    async patch(object: object, body: Patch) {
      expect(object).toEqual(secretReference);
      attempt();
      if (body.metadata.resourceVersion !== String(world.version))
        throw new KubernetesError('conflict', { status: 409 });
      putSecret(Buffer.from(body.data[dataKey] ?? '', 'base64').toString());
    },
    async create(resource: object, body: { metadata: { name: string }; stringData: Record<string, string> }) {
      expect({ ...resource, name: body.metadata.name }).toEqual(secretReference);
      attempt();
      if (store.get(key)) throw new KubernetesError('exists', { status: 409 });
      putSecret(body.stringData[dataKey] ?? '');
    },
  };
  const log = pino({ base: null, level: 'debug' }, { write: (line: string) => void world.lines.push(line) });
  function start() {
    const watched = {
      ...store,
      get(one: string) {
        world.reads += 1;
        return store.get(one);
      },
    };
    const options = {
      client: client as unknown as KubernetesClient,
      store: watched,
      cache: { content: () => cached || undefined },
      revoked,
      secret,
      policy: keyPolicy,
      log,
    };
    const stop = startKeyRotation({ ...options, now: () => world.at });
    onTestFinished(stop);
    return stop;
  }
  /** Reconciles once and stops. */
  async function reconcileOnce(): Promise<void> {
    const stop = start();
    await expect.poll(() => world.reads).toBeGreaterThan(0);
    await stop();
  }
  const states = () => parseKeys(world.content ?? '').map(({ state }) => state);
  return {
    world,
    store,
    putSecret,
    start,
    reconcileOnce,
    states,
    logged: (level: number) => world.lines.filter((line) => JSON.parse(line).level === level),
  };
}

describe('startKeyRotation', () => {
  it('rotates in one write when due', async () => {
    const { world, putSecret, start, states, logged } = createWorld({ at: now + 30 * day });
    putSecret(content);
    const [active, next] = parseKeys(content);
    start();
    await expect.poll(() => world.attempts).toBe(1);
    expect(states()).toEqual(['active', 'next', 'retired']);
    expect(parseKeys(world.content ?? '')[0]?.kid).toBe(next?.kid);
    await expect.poll(() => logged(30).length).toBe(1);
    const created = parseKeys(world.content ?? '')[1]?.kid;
    expect(JSON.parse(logged(30)[0] ?? '')).toMatchObject({
      active: [next?.kid],
      retired: [active?.kid],
      next: [created],
    });
    expect(JSON.parse(logged(30)[0] ?? '')).not.toHaveProperty('renewed');
    for (const { jwk } of parseKeys(world.content ?? '')) if (jwk.d) expect(world.lines.join('')).not.toContain(jwk.d);
  });

  it('upgrades a set that was stored before keys had times', async () => {
    const { world, putSecret, start, states } = createWorld();
    const [{ activatedAt: _, longestCycle: __, ...old }] = JSON.parse(content).keys;
    putSecret(JSON.stringify({ keys: [old] }));
    start();
    await expect.poll(() => world.attempts).toBe(1);
    expect(states()).toEqual(['active', 'next']);
    expect(parseKeys(world.content ?? '')[0]).toMatchObject({ kid: old.kid, activatedAt: now });
  });

  it('logs keys of which only metadata changed as renewed', async () => {
    const { world, putSecret, start, logged } = createWorld();
    const [active, next] = parseKeys(content);
    putSecret(content.replace(/"longestCycle":30/, '"longestCycle":3'));
    start();
    await expect.poll(() => logged(30).length).toBe(1);
    expect(parseKeys(world.content ?? '').map(({ kid }) => kid)).toEqual([active?.kid, next?.kid]);
    const line = JSON.parse(logged(30)[0] ?? '');
    expect(line).toMatchObject({ msg: 'signing keys changed', renewed: [active?.kid] });
    for (const state of ['active', 'next', 'retired', 'removed']) expect(line).not.toHaveProperty(state);
  });

  it('processes a requested revocation once', async () => {
    const { world, putSecret, start } = createWorld();
    const [active, next] = parseKeys(content) as [StoredKey, StoredKey];
    const stop = start();
    putSecret(content, { revoke: [active.kid] });
    await expect.poll(() => parseKeys(world.content ?? '')[0]?.kid).toBe(next.kid);
    for (const kid of [active.kid, 'unknown']) {
      const { reads } = world;
      putSecret(world.content ?? '', { revoke: [kid] });
      await expect.poll(() => world.reads).toBeGreaterThan(reads);
    }
    // Waits for the end of the last reconcile.
    await stop();
    expect(world.attempts).toBe(1);
  });

  it('revokes several keys of one request', async () => {
    const { world, putSecret, start, states } = createWorld();
    const revoke = parseKeys(content).map(({ kid }) => kid);
    start();
    putSecret(content, { revoke });
    await expect.poll(() => world.attempts).toBe(1);
    expect(states()).toEqual(['active', 'next']);
    for (const { kid } of parseKeys(world.content ?? '')) expect(revoke).not.toContain(kid);
  });

  it('revokes both keys if a second request replaces the first before it was processed', async () => {
    const { world, putSecret, start, states } = createWorld();
    const [active, next] = parseKeys(content) as [StoredKey, StoredKey];
    world.fail = () => {
      world.fail = () => undefined;
      putSecret(content, { revoke: [next.kid] });
      return new KubernetesError('conflict', { status: 409 });
    };
    start();
    putSecret(content, { revoke: [active.kid] });
    await expect.poll(() => world.attempts).toBe(2);
    expect(states()).toEqual(['active', 'next']);
    for (const { kid } of parseKeys(world.content ?? '')) expect([active.kid, next.kid]).not.toContain(kid);
  });

  it('recreates a deleted Secret without a key that was revoked just before', async () => {
    const { world, store, putSecret, start } = createWorld();
    const [active, next] = parseKeys(content) as [StoredKey, StoredKey];
    // Rejects the second write, which adds a next key.
    world.fail = () => (world.attempts > 1 ? new NotLeaderError('not the leader') : undefined);
    putSecret('broken', { revoke: [active.kid] });
    store.remove(key);
    start();
    await expect.poll(() => world.attempts).toBeGreaterThan(0);
    expect(parseKeys(world.content ?? '')).toMatchObject([{ kid: next.kid, state: 'active' }]);
  });

  it('retries after a failure, and plans again after a conflict', async () => {
    const errors = [new KubernetesError('refused', { status: 500 }), new KubernetesError('conflict', { status: 409 })];
    const { world, putSecret, start, states, logged } = createWorld({ at: now + 30 * day, fail: () => errors.shift() });
    putSecret(content);
    start();
    await expect.poll(() => world.attempts).toBe(3);
    expect(states()).toEqual(['active', 'next', 'retired']);
    expect(logged(50)).toHaveLength(1);
    expect(logged(20)).toHaveLength(1);
  });

  it('writes nothing and logs no error while another replica leads', async () => {
    const { world, putSecret, start, logged } = createWorld({
      at: now + 30 * day,
      fail: () => new NotLeaderError('not the leader'),
    });
    putSecret(content);
    start();
    await expect.poll(() => world.attempts).toBeGreaterThan(0);
    expect([world.content, logged(50)]).toEqual([content, []]);
  });

  it.each(['', '{}', '{"keys":[]}'])('does not change an invalid set: %j', async (broken) => {
    const { world, putSecret, reconcileOnce } = createWorld({ at: now + 30 * day });
    putSecret(broken);
    await reconcileOnce();
    expect([world.content, world.attempts]).toEqual([broken, 0]);
  });

  it('recreates a deleted Secret from the cached set and logs a warning', async () => {
    const { world, store, putSecret, start, logged } = createWorld();
    putSecret(content);
    start();
    store.remove(key);
    await expect.poll(() => world.attempts).toBe(1);
    expect(world.content).toBe(content);
    await expect.poll(() => logged(40).length).toBe(1);
  });

  it('creates no Secret without a cached set', async () => {
    const { world, reconcileOnce } = createWorld({ cached: '' });
    await reconcileOnce();
    expect(world.attempts).toBe(0);
  });
});

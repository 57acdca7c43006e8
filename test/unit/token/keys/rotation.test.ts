import { pino } from 'pino';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { KubernetesClient } from '../../../../src/kube/client.ts';
import { KubernetesError, NotLeaderError } from '../../../../src/kube/errors.ts';
import { createStore } from '../../../../src/kube/store.ts';
import { defaultKeyPolicy, type KeyRequests } from '../../../../src/token/keys/facts.ts';
import { parseKeys } from '../../../../src/token/keys/format.ts';
import { startKeyRotation } from '../../../../src/token/keys/rotation.ts';
import { generateSigningKeys } from '../../../../src/token/keys/signing-keys.ts';
import { dataKey, type KeySecretRecord } from '../../../../src/token/keys/store.ts';
import { now } from '../../../support/builders.ts';

const secret = { namespace: 'system', name: 'keys' };
const key = 'system/keys';
const day = 86_400_000;
let content: string;

beforeAll(async () => {
  content = await generateSigningKeys(new Date(now));
});

interface Patch {
  body: { metadata: { resourceVersion: string }; data: Record<string, string> };
}

/**
 * A Secret in an API server that compares and swaps. `cached` is the set in memory; `fail` gives the error of a write,
 * undefined lets it through.
 */
function createWorld({ cached = content, at = now, fail = (): Error | undefined => undefined } = {}) {
  const store = createStore<KeySecretRecord>({});
  const world = {
    version: 0,
    content: undefined as string | undefined,
    attempts: 0,
    looks: 0,
    at,
    fail,
    lines: [] as string[],
  };
  function settle(next: string, requests: KeyRequests = {}): void {
    world.content = next;
    world.version += 1;
    store.upsert({ key, ...secret, uid: 'u1', resourceVersion: String(world.version), content: next, requests });
  }
  function attempt(): void {
    world.attempts += 1;
    const error = world.fail();
    if (error) throw error;
  }
  const core = {
    async patchNamespacedSecret({ body }: Patch) {
      attempt();
      if (body.metadata.resourceVersion !== String(world.version)) throw new KubernetesError(409, '', 'conflict', 0);
      settle(Buffer.from(body.data[dataKey] ?? '', 'base64').toString());
    },
    async createNamespacedSecret({ body }: { body: { stringData: Record<string, string> } }) {
      attempt();
      if (store.get(key)) throw new KubernetesError(409, '', 'exists', 0);
      settle(body.stringData[dataKey] ?? '');
    },
  };
  const log = pino({ base: null, level: 'debug' }, { write: (line: string) => void world.lines.push(line) });
  function start() {
    const client = { core } as unknown as KubernetesClient;
    const watched = {
      ...store,
      get(one: string) {
        world.looks += 1;
        return store.get(one);
      },
    };
    const options = {
      ...{ client, store: watched, cache: { content: () => cached || undefined } },
      ...{ secret, policy: defaultKeyPolicy, log },
    };
    const end = startKeyRotation({ ...options, now: () => world.at });
    onTestFinished(end);
    return end;
  }
  /** Looks once, and ends. */
  async function lookOnce(): Promise<void> {
    const end = start();
    await expect.poll(() => world.looks).toBeGreaterThan(0);
    await end();
  }
  const states = () => parseKeys(world.content ?? '').map(({ state }) => state);
  return {
    world,
    store,
    settle,
    start,
    lookOnce,
    states,
    logged: (level: number) => world.lines.filter((line) => JSON.parse(line).level === level),
  };
}

describe('the rotation of the leader', () => {
  it('turns when the time has come, in one write', async () => {
    const { world, settle, start, states, logged } = createWorld({ at: now + 30 * day });
    settle(content);
    const [active, next] = parseKeys(content);
    start();
    await expect.poll(() => world.attempts).toBe(1);
    expect(states()).toEqual(['active', 'next', 'retired']);
    expect(parseKeys(world.content ?? '')[0]?.kid).toBe(next?.kid);
    await expect.poll(() => logged(30).length).toBe(1);
    const made = parseKeys(world.content ?? '')[1]?.kid;
    expect(JSON.parse(logged(30)[0] ?? '')).toMatchObject({
      active: [next?.kid],
      retired: [active?.kid],
      next: [made],
    });
    expect(JSON.parse(logged(30)[0] ?? '')).not.toHaveProperty('renewed');
    for (const { jwk } of parseKeys(world.content ?? '')) if (jwk.d) expect(world.lines.join('')).not.toContain(jwk.d);
  });

  it('upgrades a set from before there were times', async () => {
    const { world, settle, start, states } = createWorld();
    const [{ activatedAt: _, longestCycle: __, ...old }] = JSON.parse(content).keys;
    settle(JSON.stringify({ keys: [old] }));
    start();
    await expect.poll(() => world.attempts).toBe(1);
    expect(states()).toEqual(['active', 'next']);
    expect(parseKeys(world.content ?? '')[0]).toMatchObject({ kid: old.kid, activatedAt: now });
  });

  it('tells which keys it renewed when only their times and cycles change', async () => {
    const { world, settle, start, logged } = createWorld();
    const [active, next] = parseKeys(content);
    settle(content.replace(/"longestCycle":30/, '"longestCycle":3'));
    start();
    await expect.poll(() => logged(30).length).toBe(1);
    expect(parseKeys(world.content ?? '').map(({ kid }) => kid)).toEqual([active?.kid, next?.kid]);
    const line = JSON.parse(logged(30)[0] ?? '');
    expect(line).toMatchObject({ msg: 'signing keys changed', renewed: [active?.kid] });
    for (const state of ['active', 'next', 'retired', 'removed']) expect(line).not.toHaveProperty(state);
  });

  it('does what an annotation asks for, once', async () => {
    const { world, settle, start } = createWorld();
    const [active, next] = parseKeys(content);
    start();
    settle(content, { revoke: active?.kid });
    await expect.poll(() => parseKeys(world.content ?? '')[0]?.kid).toBe(next?.kid);
    settle(world.content ?? '', { revoke: active?.kid });
    settle(world.content ?? '', { revoke: 'unknown' });
    await expect.poll(() => world.version).toBe(4);
    expect(world.attempts).toBe(1);
  });

  it('tries again after a failure, and plans anew after a conflict', async () => {
    const errors = [new KubernetesError(500, '', 'refused', 0), new KubernetesError(409, '', 'conflict', 0)];
    const { world, settle, start, states, logged } = createWorld({ at: now + 30 * day, fail: () => errors.shift() });
    settle(content);
    start();
    await expect.poll(() => world.attempts, { timeout: 10_000 }).toBe(3);
    expect(states()).toEqual(['active', 'next', 'retired']);
    expect(logged(50)).toHaveLength(1);
    expect(logged(20)).toHaveLength(1);
  });

  it('writes nothing when it does not lead, and is quiet about it', async () => {
    const { world, settle, start, logged } = createWorld({
      at: now + 30 * day,
      fail: () => new NotLeaderError('not the leader'),
    });
    settle(content);
    start();
    await expect.poll(() => world.attempts).toBeGreaterThan(0);
    expect([world.content, logged(50)]).toEqual([content, []]);
  });

  it.each(['', '{}', '{"keys":[]}'])('leaves a broken set alone: %j', async (broken) => {
    const { world, settle, lookOnce } = createWorld({ at: now + 30 * day });
    settle(broken);
    await lookOnce();
    expect([world.content, world.attempts]).toEqual([broken, 0]);
  });

  it('makes a deleted Secret again from the cached set, with a warning', async () => {
    const { world, store, settle, start, logged } = createWorld();
    settle(content);
    start();
    store.remove(key);
    await expect.poll(() => world.attempts).toBe(1);
    expect(world.content).toBe(content);
    await expect.poll(() => logged(40).length).toBe(1);
  });

  it('makes no Secret when it holds no set', async () => {
    const { world, lookOnce } = createWorld({ cached: '' });
    await lookOnce();
    expect(world.attempts).toBe(0);
  });
});

import { pino } from 'pino';
import { beforeAll, describe, expect, it } from 'vitest';
import { createStore } from '../../../../src/kube/store.ts';
import { createKeyCache } from '../../../../src/token/keys/cache.ts';
import { formatKeys, parseKeys, type StoredKey } from '../../../../src/token/keys/format.ts';
import { collectRevocations } from '../../../../src/token/keys/revocations.ts';
import { generateSigningKeys, parseSigningKeys } from '../../../../src/token/keys/signing-keys.ts';
import type { KeySecretRecord } from '../../../../src/token/keys/store.ts';
import { keyPolicy, now } from '../../../support/builders.ts';

const key = 'system/keys';
let first: string;
let second: string;

beforeAll(async () => {
  [first, second] = (await Promise.all([1, 2].map(() => generateSigningKeys(new Date(now), keyPolicy)))) as [
    string,
    string,
  ];
});

/** A cache of a Secret that the test changes. */
function createSubject() {
  const store = createStore<KeySecretRecord>({});
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(line) });
  const cache = createKeyCache({ store, key, revoked: collectRevocations(store, key), log });
  let version = 0;
  return {
    cache,
    store,
    put: (content: string, { name = 'keys', revoke = [] as string[] } = {}) =>
      store.upsert({
        key: `system/${name}`,
        namespace: 'system',
        name,
        uid: 'u1',
        resourceVersion: String(++version),
        content,
        requests: { revoke },
      }),
    logged: (level: number) => lines.map((line) => JSON.parse(line)).filter((line) => line.level === level),
    log: () => lines.join(''),
  };
}

const kidsOf = (content: string) => parseKeys(content).map(({ kid }) => kid);
/** `first` without its next key. */
const onlyActive = () => formatKeys(parseKeys(first).slice(0, 1));
const activeOf = async (content: string) => (await parseSigningKeys(content)).active.kid;

describe('createKeyCache', () => {
  it('is empty at first', () => {
    const { cache } = createSubject();
    expect([cache.current(), cache.content(), cache.facts(), cache.isBroken()]).toEqual([
      undefined,
      undefined,
      [],
      false,
    ]);
  });

  it('follows the Secret', async () => {
    const { cache, put } = createSubject();
    put(first);
    await cache.loaded;
    expect(cache.current()?.active.kid).toBe(await activeOf(first));
    expect(cache.content()).toBe(first);
    expect(cache.facts().map(({ state }) => state)).toEqual(['active', 'next']);
    put(second);
    await expect.poll(() => cache.content()).toBe(second);
    expect(cache.current()?.active.kid).toBe(await activeOf(second));
  });

  it('uses the latest of several quick changes', async () => {
    const { cache, put } = createSubject();
    for (const content of [first, second, first, 'broken', second, first]) put(content);
    await cache.loaded;
    await expect.poll(() => cache.isBroken()).toBe(false);
    expect(cache.content()).toBe(first);
  });

  it('ignores other Secrets', async () => {
    const { cache, put } = createSubject();
    put(second, { name: 'other' });
    put(first);
    await cache.loaded;
    expect(cache.content()).toBe(first);
  });

  it('removes a revoked key before the leader does, and signs with the next key', async () => {
    const { cache, put } = createSubject();
    const [active, next] = parseKeys(first) as [StoredKey, StoredKey];
    put(first);
    await cache.loaded;
    put(first, { revoke: [active.kid] });
    await expect.poll(() => cache.current()?.active.kid).toBe(next.kid);
    expect([...(cache.current()?.published.keys() ?? [])]).toEqual([next.kid]);
    expect(parseKeys(cache.content() ?? '').map(({ kid }) => kid)).toEqual([next.kid]);
  });

  it('keeps a key revoked after the request was replaced or removed, and logs that the key is still stored', async () => {
    const { cache, put, logged } = createSubject();
    const [active, next] = parseKeys(first) as [StoredKey, StoredKey];
    put(first);
    await cache.loaded;
    put(first, { revoke: [active.kid] });
    put(first, { revoke: [next.kid] });
    await expect.poll(() => cache.current()).toBeUndefined();
    put(first);
    const msg = expect.stringContaining('still contains revoked keys');
    await expect
      .poll(() => logged(40))
      .toMatchObject([
        { kids: [active.kid], msg },
        { kids: [active.kid], msg },
        { kids: [active.kid, next.kid], msg },
      ]);
    expect(cache.current()).toBeUndefined();
    put(second);
    await expect.poll(() => cache.content()).toBe(second);
    put(first);
    await expect.poll(() => logged(40)).toHaveLength(4);
    expect(cache.current()).toBeUndefined();
  });

  it('revokes several keys of one request', async () => {
    const { cache, put, logged } = createSubject();
    put(first, { revoke: kidsOf(first) });
    await cache.loaded;
    expect([cache.current(), logged(40)]).toEqual([undefined, []]);
  });

  it('removes a key that was revoked just before the Secret was deleted', async () => {
    const { cache, put, store } = createSubject();
    const [active, next] = parseKeys(first) as [StoredKey, StoredKey];
    put(first);
    await cache.loaded;
    put(first, { revoke: [active.kid] });
    store.remove(key);
    await expect.poll(() => cache.isBroken()).toBe(true);
    expect(kidsOf(cache.content() ?? '')).toEqual([next.kid]);
  });

  it.each(['', 'broken', '{"keys":[]}'])(
    'removes a key whose revocation an invalid Secret requests: %j',
    async (broken) => {
      const { cache, put, store } = createSubject();
      const [active, next] = parseKeys(first) as [StoredKey, StoredKey];
      put(first);
      await cache.loaded;
      put(broken, { revoke: [active.kid] });
      await expect.poll(() => cache.current()?.active.kid).toBe(next.kid);
      expect([...(cache.current()?.published.keys() ?? [])]).toEqual([next.kid]);
      put(broken);
      store.remove(key);
      await expect.poll(() => cache.isBroken()).toBe(true);
      expect(parseKeys(cache.content() ?? '').map(({ kid }) => kid)).toEqual([next.kid]);
    },
  );

  it.each([
    ['an invalid Secret', () => 'broken', true],
    ['a valid Secret', onlyActive, false],
  ])('is empty after the only key is revoked in %s', async (_, contentOf, isBroken) => {
    const { cache, put, logged } = createSubject();
    put(onlyActive());
    await cache.loaded;
    put(contentOf(), { revoke: kidsOf(first).slice(0, 1) });
    await expect.poll(() => cache.current()).toBeUndefined();
    await expect.poll(() => cache.isBroken()).toBe(isBroken);
    expect([cache.content(), cache.facts()]).toEqual([undefined, []]);
    expect(logged(50)[0]).toMatchObject({
      secret: key,
      msg: expect.stringContaining('waiting for the leader to create new keys'),
    });
    put(second);
    await expect.poll(() => cache.content()).toBe(second);
    expect(cache.isBroken()).toBe(false);
  });

  it('is loaded even if the only key is revoked from the start, so that a leader can create new keys', async () => {
    const { cache, put } = createSubject();
    put(onlyActive(), { revoke: kidsOf(first).slice(0, 1) });
    await cache.loaded;
    expect([cache.current(), cache.isBroken()]).toEqual([undefined, false]);
  });

  it('is broken if the only key is revoked and invalid, because no leader replaces it', async () => {
    const { cache, put, logged } = createSubject();
    const [active] = JSON.parse(first).keys;
    put(JSON.stringify({ keys: [{ ...active, kid: 'other' }] }), { revoke: ['other'] });
    await expect.poll(() => logged(50)).toMatchObject([{ reason: expect.stringContaining('thumbprint') }]);
    expect(cache.isBroken()).toBe(true);
  });

  it('ignores a request to revoke an unknown kid', async () => {
    const { cache, put } = createSubject();
    put(first, { revoke: ['unknown'] });
    await cache.loaded;
    expect(cache.content()).toBe(first);
  });

  it('keeps the last valid keys while the Secret is invalid, and logs an error without values', async () => {
    const { cache, put, logged, log } = createSubject();
    put(first);
    await cache.loaded;
    const broken = second.replace('"state":"active"', '"state":"next"');
    put(broken);
    await expect.poll(() => cache.isBroken()).toBe(true);
    expect(cache.content()).toBe(first);
    expect(logged(50)).toMatchObject([{ secret: key, reason: 'keys.json: keys: 0 active keys, must be exactly one' }]);
    for (const { d, n } of JSON.parse(second).keys) {
      expect(log()).not.toContain(d);
      expect(log()).not.toContain(n);
    }
    put(first);
    await expect.poll(() => cache.isBroken()).toBe(false);
    expect(cache.current()?.active.kid).toBe(await activeOf(first));
  });

  it('keeps the keys after the Secret was deleted, and logs a warning', async () => {
    const { cache, put, store, logged } = createSubject();
    put(first);
    await cache.loaded;
    store.remove(key);
    await expect.poll(() => cache.isBroken()).toBe(true);
    expect(cache.content()).toBe(first);
    expect(logged(40)).toMatchObject([{ secret: key }]);
  });

  it('is empty if the Secret is invalid from the start, also after it was deleted', async () => {
    const { cache, put, store, logged } = createSubject();
    put('');
    await expect.poll(() => cache.isBroken()).toBe(true);
    expect(cache.current()).toBeUndefined();
    expect(logged(50)).toMatchObject([{ reason: 'keys.json: not valid JSON' }]);
    store.remove(key);
    await expect.poll(() => logged(50)).toMatchObject([{}, { msg: expect.stringContaining('was deleted') }]);
    expect([cache.current(), cache.isBroken()]).toEqual([undefined, true]);
  });
});

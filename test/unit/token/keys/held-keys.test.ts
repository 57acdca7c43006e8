import { pino } from 'pino';
import { beforeAll, describe, expect, it } from 'vitest';
import { createStore } from '../../../../src/kube/store.ts';
import { formatKeys, parseKeys } from '../../../../src/token/keys/format.ts';
import { createHeldKeys } from '../../../../src/token/keys/held-keys.ts';
import { generateSigningKeys, parseSigningKeys } from '../../../../src/token/keys/signing-keys.ts';
import type { KeySecretRecord } from '../../../../src/token/keys/store.ts';
import { now } from '../../../support/builders.ts';

const key = 'system/keys';
let first: string;
let second: string;

beforeAll(async () => {
  [first, second] = (await Promise.all([1, 2].map(() => generateSigningKeys(new Date(now))))) as [string, string];
});

/** Keys that follow a Secret which the test changes. */
function createSubject() {
  const store = createStore<KeySecretRecord>({});
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(line) });
  const held = createHeldKeys({ store, key, log });
  let version = 0;
  return {
    ...{ held, store },
    put: (content: string, { name = 'keys', revoke = undefined as string | undefined } = {}) =>
      store.upsert({
        ...{ key: `system/${name}`, namespace: 'system', name, uid: 'u1', resourceVersion: String(++version) },
        ...{ content, requests: { revoke } },
      }),
    logged: (level: number) => lines.map((line) => JSON.parse(line)).filter((line) => line.level === level),
    log: () => lines.join(''),
  };
}

/** `first` without its next key. */
const onlyActive = () => formatKeys(parseKeys(first).slice(0, 1));
const activeOf = async (content: string) => (await parseSigningKeys(content)).active.kid;

describe('held keys', () => {
  it('are none at first', () => {
    const { held } = createSubject();
    expect([held.current(), held.content(), held.facts(), held.isBroken()]).toEqual([undefined, undefined, [], false]);
  });

  it('are those of the Secret, and change with it', async () => {
    const { held, put } = createSubject();
    put(first);
    await held.loaded;
    expect(held.current()?.active.kid).toBe(await activeOf(first));
    expect(held.content()).toBe(first);
    expect(held.facts().map(({ state }) => state)).toEqual(['active', 'next']);
    put(second);
    await expect.poll(() => held.content()).toBe(second);
    expect(held.current()?.active.kid).toBe(await activeOf(second));
  });

  it('are those that came last when several come at once', async () => {
    const { held, put } = createSubject();
    for (const content of [first, second, first, 'broken', second, first]) put(content);
    await held.loaded;
    await expect.poll(() => held.isBroken()).toBe(false);
    expect(held.content()).toBe(first);
  });

  it('are not those of another Secret', async () => {
    const { held, put } = createSubject();
    put(second, { name: 'other' });
    put(first);
    await held.loaded;
    expect(held.content()).toBe(first);
  });

  it('lose a key that is to be revoked before anybody has written so; the next one signs', async () => {
    const { held, put } = createSubject();
    const [active, next] = parseKeys(first);
    put(first);
    await held.loaded;
    put(first, { revoke: active?.kid });
    await expect.poll(() => held.current()?.active.kid).toBe(next?.kid);
    expect([...(held.current()?.published.keys() ?? [])]).toEqual([next?.kid]);
    expect(parseKeys(held.content() ?? '').map(({ kid }) => kid)).toEqual([next?.kid]);
  });

  it.each(['', 'broken', '{"keys":[]}'])('lose a key that a broken Secret asks to revoke: %j', async (broken) => {
    const { held, put, store } = createSubject();
    const [active, next] = parseKeys(first);
    put(first);
    await held.loaded;
    put(broken, { revoke: active?.kid });
    await expect.poll(() => held.current()?.active.kid).toBe(next?.kid);
    expect([...(held.current()?.published.keys() ?? [])]).toEqual([next?.kid]);
    put(broken);
    store.remove(key);
    await expect.poll(() => held.isBroken()).toBe(true);
    expect(parseKeys(held.content() ?? '').map(({ kid }) => kid)).toEqual([next?.kid]);
  });

  it.each([
    ['broken', () => 'broken', true],
    ['sound', onlyActive, false],
  ])('are none when the only one is to be revoked and the Secret is %s', async (_, contentOf, isBroken) => {
    const { held, put, logged } = createSubject();
    put(onlyActive());
    await held.loaded;
    put(contentOf(), { revoke: parseKeys(first)[0]?.kid });
    await expect.poll(() => held.current()).toBeUndefined();
    await expect.poll(() => held.isBroken()).toBe(isBroken);
    expect([held.content(), held.facts()]).toEqual([undefined, []]);
    expect(logged(50)[0]).toMatchObject({ secret: key, msg: expect.stringContaining('until the leader makes others') });
    put(second);
    await expect.poll(() => held.content()).toBe(second);
    expect(held.isBroken()).toBe(false);
  });

  it('are loaded though the only one is to be revoked from the start, so that a leader can make others', async () => {
    const { held, put } = createSubject();
    put(onlyActive(), { revoke: parseKeys(first)[0]?.kid });
    await held.loaded;
    expect([held.current(), held.isBroken()]).toEqual([undefined, false]);
  });

  it('are broken when the only one is to be revoked and is not sound: no leader replaces it', async () => {
    const { held, put, logged } = createSubject();
    const [active] = JSON.parse(first).keys;
    put(JSON.stringify({ keys: [{ ...active, kid: 'other' }] }), { revoke: 'other' });
    await expect.poll(() => logged(50)).toMatchObject([{ reason: expect.stringContaining('thumbprint') }]);
    expect(held.isBroken()).toBe(true);
  });

  it('stay when an unknown kid is to be revoked', async () => {
    const { held, put } = createSubject();
    put(first, { revoke: 'unknown' });
    await held.loaded;
    expect(held.content()).toBe(first);
  });

  it('stay when the Secret breaks, which is an error in the log without a value of it', async () => {
    const { held, put, logged, log } = createSubject();
    put(first);
    await held.loaded;
    const broken = second.replace('"state":"active"', '"state":"next"');
    put(broken);
    await expect.poll(() => held.isBroken()).toBe(true);
    expect(held.content()).toBe(first);
    expect(logged(50)).toMatchObject([{ secret: key, reason: 'keys.json: keys: 0 active keys, there must be one' }]);
    for (const { d, n } of JSON.parse(second).keys) {
      expect(log()).not.toContain(d);
      expect(log()).not.toContain(n);
    }
    put(first);
    await expect.poll(() => held.isBroken()).toBe(false);
    expect(held.current()?.active.kid).toBe(await activeOf(first));
  });

  it('stay when the Secret is gone, which is a warning', async () => {
    const { held, put, store, logged } = createSubject();
    put(first);
    await held.loaded;
    store.remove(key);
    await expect.poll(() => held.isBroken()).toBe(true);
    expect(held.content()).toBe(first);
    expect(logged(40)).toMatchObject([{ secret: key }]);
  });

  it('are none when the Secret is broken from the start, also when that is gone', async () => {
    const { held, put, store, logged } = createSubject();
    put('');
    await expect.poll(() => held.isBroken()).toBe(true);
    expect(held.current()).toBeUndefined();
    expect(logged(50)).toMatchObject([{ reason: 'keys.json: is not JSON' }]);
    store.remove(key);
    await expect.poll(() => logged(50)).toMatchObject([{}, { msg: expect.stringContaining('is gone') }]);
    expect([held.current(), held.isBroken()]).toEqual([undefined, true]);
  });
});

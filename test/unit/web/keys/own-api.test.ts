import { describe, expect, test } from 'vitest';
import type { KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import type { KeyApi, KeyPairSpecs, LiveAccessKey } from '../../../../src/web/keys/api.ts';
import { type KeyPairSignIn, limitToOwn } from '../../../../src/web/keys/own-api.ts';
import { at, known, now } from '../../../support/builders.ts';

const main: KeyPairSpec = { name: 'main' };
const liveOf = (parts: Parameters<typeof known>[0] = {}, ...status: Parameters<typeof known>[1][]): LiveAccessKey => ({
  ...known(parts, ...status),
  managedFields: [],
});
const own = liveOf();
const ak = own.status.keyPairs?.[0]?.accessKey ?? '';

/** The API as the API server would answer, which notes what was written. */
function createApi(live: LiveAccessKey, pair = {}, signIn: KeyPairSignIn = 'manage') {
  const written: KeyPairSpecs[] = [];
  const api: KeyApi = {
    read: async () => live,
    create: async () => undefined,
    replaceKeyPairs: async (_, keyPairs) => void written.push(keyPairs),
    readPair: async () => ({ ak: 'a', sk: 's' }),
    may: async () => true,
  };
  const held = { pairName: 'main', ak, expiresAt: Number.POSITIVE_INFINITY, ...pair };
  return { ...limitToOwn(api, { own, pair: held, signIn, now: () => now }), written };
}

describe('signed in by a key pair', () => {
  test('one works with the own AccessKey only', async () => {
    const api = createApi(own);
    expect(await api.read('shop', 'ann')).toBe(own);
    await expect(api.read('shop', 'bob')).rejects.toMatchObject({ key: 'refusedNotOwn' });
    await expect(api.read('other', 'ann')).rejects.toMatchObject({ key: 'refusedNotOwn' });
    await expect(api.readPair('other', 'x', { ak: 'ak', sk: 'sk' })).rejects.toMatchObject({ key: 'refusedNotOwn' });
    await expect(api.create('shop', 'x', own.spec)).rejects.toMatchObject({ key: 'refusedNotOwn' });
    expect(await api.may({ verb: 'get', group: '', resource: 'secrets' })).toBe(false);
  });

  test('another AccessKey that has come under the same name is neither read nor written', async () => {
    const another = liveOf({ uid: 'of-somebody-else', user: 'eve' });
    const api = createApi(another);
    await expect(api.read('shop', 'ann')).rejects.toMatchObject({ key: 'refusedNoAccessKey' });
    await expect(api.replaceKeyPairs(another, [main])).rejects.toMatchObject({ key: 'refusedNoAccessKey' });
    expect(api.written).toEqual([]);
  });

  const over: [string, LiveAccessKey][] = [
    ['disabled', liveOf({ keyPairs: [{ name: 'main', enabled: false }] })],
    ['suspended', liveOf({ suspended: true })],
    ['expired', liveOf({ keyPairs: [{ name: 'main', expiresAt: at(-1) }] })],
    ['deleted', liveOf({ keyPairs: [{ name: 'other' }] })],
    ['rotated', liveOf({}, { accessKey: 'another' })],
    ['previous, and over', liveOf({}, { accessKey: 'another', previous: { accessKey: ak, validUntil: at(0) } })],
  ];
  test.each(over)('nothing is changed by a pair that is %s, though the session still stands', async (_, live) => {
    const api = createApi(live);
    await expect(api.replaceKeyPairs(live, [{ name: 'new' }])).rejects.toMatchObject({ key: 'refusedPairOver' });
    expect(api.written).toEqual([]);
  });

  test('with view, nothing is changed or shown', async () => {
    const api = createApi(own, {}, 'view');
    await expect(api.replaceKeyPairs(own, [main])).rejects.toMatchObject({ key: 'refusedViewOnly' });
    await expect(api.readPair('shop', 'x', { ak: 'a', sk: 's' })).rejects.toMatchObject({ key: 'refusedViewOnly' });
  });
});

describe('by a pair that ends', () => {
  const end = { expiresAt: now + 60_000 };
  const soon: KeyPairSpec = { name: 'main', expiresAt: at(60) };
  const lasting: KeyPairSpec = { name: 'other' };
  const live = liveOf({ keyPairs: [soon, lasting] });

  const gains: [string, KeyPairSpecs][] = [
    ['a new pair without an end', [soon, { name: 'new' }]],
    ['a new pair that ends later', [soon, { name: 'new', expiresAt: at(61) }]],
    ['prolonging the own one', [{ ...soon, expiresAt: at(61) }, lasting]],
    ['taking its end away', [main, lasting]],
    ['rotating one that lasts longer', [soon, { ...lasting, revision: 2 }]],
  ];
  test.each(gains)('%s is refused', async (_, keyPairs) => {
    const api = createApi(live, end);
    await expect(api.replaceKeyPairs(live, keyPairs)).rejects.toMatchObject({ key: 'refusedOutlives' });
    expect(api.written).toEqual([]);
  });

  const others: [string, KeyPairSpecs][] = [
    ['rotating it', [{ ...soon, revision: 2 }, lasting]],
    ['a new pair with the same end', [soon, { name: 'new', expiresAt: at(60) }]],
    ['removing another', [soon]],
    ['disabling another', [soon, { ...lasting, enabled: false }]],
    ['describing another', [soon, { ...lasting, description: 'of the laptop' }]],
  ];
  test.each(others)('%s is done', async (_, keyPairs) => {
    const api = createApi(live, end);
    await api.replaceKeyPairs(live, keyPairs);
    expect(api.written).toEqual([keyPairs]);
  });

  test('one that lasts and is disabled is not enabled', async () => {
    const disabled = liveOf({ keyPairs: [soon, { ...lasting, enabled: false }] });
    const change = createApi(disabled, end).replaceKeyPairs(disabled, [soon, { ...lasting, enabled: true }]);
    await expect(change).rejects.toMatchObject({ key: 'refusedOutlives' });
  });

  test('a previous pair cannot rotate the one that took its place', async () => {
    const rotated = liveOf({}, { accessKey: 'another', previous: { accessKey: ak, validUntil: at(60) } });
    const api = createApi(rotated, end);
    await expect(api.replaceKeyPairs(rotated, [{ ...main, revision: 2 }])).rejects.toMatchObject({
      key: 'refusedOutlives',
    });
    expect(api.written).toEqual([]);
  });
});

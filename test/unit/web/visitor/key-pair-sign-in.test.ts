import { describe, expect, test } from 'vitest';
import type { FetchedAccessKey, KeyPairSpecs } from '../../../../src/accesskey/change/access-key-api.ts';
import type { KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import type { KeyApi } from '../../../../src/web/visitor/key-api.ts';
import { type KeyPairSignIn, limitToOwnAccessKey } from '../../../../src/web/visitor/key-pair-sign-in.ts';
import { at, known, now } from '../../../support/builders.ts';

const main: KeyPairSpec = { name: 'main' };
const liveOf = (
  parts: Parameters<typeof known>[0] = {},
  ...status: Parameters<typeof known>[1][]
): FetchedAccessKey => ({
  ...known(parts, ...status),
  managedFields: [],
});
const own = liveOf();
const ak = own.status.keyPairs?.[0]?.accessKey ?? '';

/** A limited API on a fake one that records the written key pairs. */
function createApi(live: FetchedAccessKey, pair = {}, signIn: KeyPairSignIn = 'manage') {
  const written: KeyPairSpecs[] = [];
  const api: KeyApi = {
    read: async () => live,
    create: async () => 'uid',
    replaceKeyPairs: async (_, keyPairs) => void written.push(keyPairs),
    readPair: async () => ({ ak: 'a', sk: 's' }),
    may: async () => true,
  };
  const signedInPair = { pairName: 'main', ak, expiresAt: Number.POSITIVE_INFINITY, ...pair };
  return { ...limitToOwnAccessKey(api, { accessKey: own, pair: signedInPair, signIn, now: () => now }), written };
}

describe('a session with a key pair', () => {
  test('can use its own AccessKey only', async () => {
    const api = createApi(own);
    expect(await api.read('shop', 'ann')).toBe(own);
    await expect(api.read('shop', 'bob')).rejects.toMatchObject({ key: 'rejectedNotOwn' });
    await expect(api.read('other', 'ann')).rejects.toMatchObject({ key: 'rejectedNotOwn' });
    await expect(api.readPair('other', 'x', { ak: 'ak', sk: 'sk' })).rejects.toMatchObject({ key: 'rejectedNotOwn' });
    await expect(api.create('shop', 'x', own.spec)).rejects.toMatchObject({ key: 'rejectedNotOwn' });
    expect(await api.may({ verb: 'get', group: '', resource: 'secrets' })).toBe(false);
  });

  test('cannot read or write another AccessKey that was created with the same name', async () => {
    const another = liveOf({ uid: 'of-another-user', user: 'eve' });
    const api = createApi(another);
    await expect(api.read('shop', 'ann')).rejects.toMatchObject({ key: 'rejectedNoAccessKey' });
    await expect(api.replaceKeyPairs(another, [main])).rejects.toMatchObject({ key: 'rejectedNoAccessKey' });
    expect(api.written).toEqual([]);
  });

  const ended: [string, FetchedAccessKey][] = [
    ['disabled', liveOf({ keyPairs: [{ name: 'main', enabled: false }] })],
    ['suspended', liveOf({ suspended: true })],
    ['expired', liveOf({ keyPairs: [{ name: 'main', expiresAt: at(-1) }] })],
    ['deleted', liveOf({ keyPairs: [{ name: 'other' }] })],
    ['rotated', liveOf({}, { accessKey: 'another' })],
    [
      'previous with its overlap over',
      liveOf({}, { accessKey: 'another', previous: { accessKey: ak, validUntil: at(0) } }),
    ],
    [
      'previous with its overlap removed',
      liveOf({}, { accessKey: 'another', previous: { accessKey: ak, validUntil: at(60) } }),
    ],
  ];
  test.each(ended)(
    'cannot change anything once its pair is %s, even if the session is still valid',
    async (_, live) => {
      const api = createApi(live);
      await expect(api.replaceKeyPairs(live, [{ name: 'new' }])).rejects.toMatchObject({ key: 'rejectedPairNotLive' });
      expect(api.written).toEqual([]);
    },
  );

  test('cannot change or show anything if sign-in is view-only', async () => {
    const api = createApi(own, {}, 'view');
    await expect(api.replaceKeyPairs(own, [main])).rejects.toMatchObject({ key: 'rejectedViewOnly' });
    await expect(api.readPair('shop', 'x', { ak: 'a', sk: 's' })).rejects.toMatchObject({ key: 'rejectedViewOnly' });
  });
});

describe('a session with a pair that is restricted to networks', () => {
  const office: KeyPairSpec = { name: 'main', allowedCIDRs: ['10.0.0.0/8'] };
  const anywhere: KeyPairSpec = { name: 'other' };
  const live = liveOf({ keyPairs: [office, anywhere] });

  const gains: [string, KeyPairSpecs][] = [
    ['a new pair without networks', [office, { name: 'new' }]],
    ['a new pair with other networks', [office, { name: 'new', allowedCIDRs: ['10.0.0.0/8', '192.0.2.0/24'] }]],
    ['removing its own networks', [main, anywhere]],
    ['a larger network of its own', [{ ...office, allowedCIDRs: ['10.0.0.0/7'] }, anywhere]],
    ['rotating a pair without networks', [office, { ...anywhere, revision: 2 }]],
  ];
  test.each(gains)('rejects %s', async (_, keyPairs) => {
    const api = createApi(live);
    await expect(api.replaceKeyPairs(live, keyPairs)).rejects.toMatchObject({ key: 'rejectedWider' });
    expect(api.written).toEqual([]);
  });

  const others: [string, KeyPairSpecs][] = [
    ['rotating its own pair', [{ ...office, revision: 2 }, anywhere]],
    ['a new pair in a smaller network', [office, { name: 'new', allowedCIDRs: ['10.1.0.0/16'] }]],
    ['a smaller network of its own', [{ ...office, allowedCIDRs: ['10.1.0.0/16'] }, anywhere]],
    ['restricting another pair', [office, { ...anywhere, allowedCIDRs: ['10.1.0.0/16'] }]],
    ['disabling and describing another pair', [office, { ...anywhere, enabled: false, description: 'x' }]],
  ];
  test.each(others)('allows %s', async (_, keyPairs) => {
    const api = createApi(live);
    await api.replaceKeyPairs(live, keyPairs);
    expect(api.written).toEqual([keyPairs]);
  });
});

describe('a session with a pair that expires', () => {
  const end = { expiresAt: now + 60_000 };
  const soon: KeyPairSpec = { name: 'main', expiresAt: at(60) };
  const lasting: KeyPairSpec = { name: 'other' };
  const live = liveOf({ keyPairs: [soon, lasting] });

  const gains: [string, KeyPairSpecs][] = [
    ['a new pair without expiry', [soon, { name: 'new' }]],
    ['a new pair that expires later', [soon, { name: 'new', expiresAt: at(61) }]],
    ['extending its own pair', [{ ...soon, expiresAt: at(61) }, lasting]],
    ['removing its own expiry', [main, lasting]],
    ['rotating a pair that lasts longer', [soon, { ...lasting, revision: 2 }]],
    ['an overlap of a pair that lasts longer', [soon, { ...lasting, rotation: { overlap: '1h' } }]],
    ['a longer extension of an overlap', [soon, { ...lasting, rotation: { maxOverlap: '72h' } }]],
  ];
  test.each(gains)('rejects %s', async (_, keyPairs) => {
    const api = createApi(live, end);
    await expect(api.replaceKeyPairs(live, keyPairs)).rejects.toMatchObject({ key: 'rejectedOutlives' });
    expect(api.written).toEqual([]);
  });

  const others: [string, KeyPairSpecs][] = [
    ['rotating its own pair', [{ ...soon, revision: 2 }, lasting]],
    ['a new pair with the same expiry', [soon, { name: 'new', expiresAt: at(60) }]],
    ['deleting another pair', [soon]],
    ['disabling another pair', [soon, { ...lasting, enabled: false }]],
    ['describing another pair', [soon, { ...lasting, description: 'of the laptop' }]],
  ];
  test.each(others)('allows %s', async (_, keyPairs) => {
    const api = createApi(live, end);
    await api.replaceKeyPairs(live, keyPairs);
    expect(api.written).toEqual([keyPairs]);
  });

  test('rejects enabling a pair that lasts longer', async () => {
    const disabled = liveOf({ keyPairs: [soon, { ...lasting, enabled: false }] });
    const change = createApi(disabled, end).replaceKeyPairs(disabled, [soon, { ...lasting, enabled: true }]);
    await expect(change).rejects.toMatchObject({ key: 'rejectedOutlives' });
  });

  test('rejects delaying the rotation of a pair that lasts longer', async () => {
    const rotating = liveOf({ keyPairs: [soon, { ...lasting, rotation: { interval: '720h' } }] });
    for (const after of [lasting, { ...lasting, rotation: { interval: '721h' } }]) {
      const change = createApi(rotating, end).replaceKeyPairs(rotating, [soon, after]);
      await expect(change).rejects.toMatchObject({ key: 'rejectedOutlives' });
    }
    await createApi(rotating, end).replaceKeyPairs(rotating, [soon, { ...lasting, rotation: { interval: '1h' } }]);
  });

  test('never changes the audiences', async () => {
    const additional: unknown[] = [];
    const api = createApi(live, end);
    await limitToOwnAccessKey(
      { ...api, replaceKeyPairs: async (...change) => void additional.push(change[2]) },
      {
        accessKey: live,
        pair: undefined,
        signIn: 'manage',
        now: () => now,
      },
    ).replaceKeyPairs(live, [soon], { audiences: ['x'] });
    expect(additional).toEqual([undefined]);
  });

  test('rejects rotating the pair that replaced it', async () => {
    const overlapping = { ...main, rotation: { overlap: '1h' } };
    const previous = { accessKey: ak, validUntil: at(60) };
    const rotated = liveOf({ keyPairs: [overlapping] }, { accessKey: 'another', previous });
    const api = createApi(rotated, end);
    await expect(api.replaceKeyPairs(rotated, [{ ...overlapping, revision: 2 }])).rejects.toMatchObject({
      key: 'rejectedOutlives',
    });
    expect(api.written).toEqual([]);
  });
});

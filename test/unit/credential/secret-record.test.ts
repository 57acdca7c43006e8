import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/credential/key-pair.ts';
import { pairAt, toSecretRecord } from '../../../src/credential/secret-record.ts';
import { accessKey, at, keyPair, rawSecret, secret } from '../../support/builders.ts';

const { ak, sk } = keyPair();
const ann = accessKey();
const base64 = (value: string | Buffer) => Buffer.from(value).toString('base64');

/** Every string and byte sequence reachable from a value. */
function reachable(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (ArrayBuffer.isView(value)) return [Buffer.from(value.buffer).toString('latin1')];
  if (typeof value !== 'object' || value === null) return [];
  return Reflect.ownKeys(value).flatMap((key) => [String(key), ...reachable(Reflect.get(value, key))]);
}

describe('toSecretRecord', () => {
  it('keeps the fields that are used', () => {
    expect(secret()).toEqual({
      key: 'shop/ann-main',
      namespace: 'shop',
      name: 'ann-main',
      uid: 'uid-of-secret-shop-ann-main',
      resourceVersion: '20',
      createdAt: at(-1800),
      labels: {
        'app.kubernetes.io/managed-by': 'accesskey-operator',
        'ghippo.io/access-key': 'ann',
        'ghippo.io/key-pair': 'main',
      },
      annotations: {
        'ghippo.io/ak-key': 'ak',
        'ghippo.io/sk-key': 'sk',
        'ghippo.io/revision': '1',
        'ghippo.io/generated-at': at(-1800),
      },
      type: 'ghippo.io/access-key',
      deleting: false,
      immutable: false,
      ownerUID: ann.uid,
      controlled: true,
      dataKeys: { ak: 'ak', sk: 'sk' },
      pair: { ak, digest: digestOf(sk) },
      previous: undefined,
      holdsPrevious: false,
      otherKeys: [],
      tokenDigest: undefined,
      malformed: [],
    });
  });

  it.each([
    ['a valid Secret', {}],
    ['an invalid ak', { data: { ak: 'x' } }],
    ['an overlap', { keys: keyPair(2), previous: keyPair() }],
    ['an invalid previous pair', { data: { 'previous-ak': 'x', 'previous-sk': sk } }],
    ['the sk under other keys', { data: { password: sk, note: `sk=${sk}` } }],
    [
      'a Secret applied with kubectl',
      {
        annotations: {
          'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ data: { sk: base64(sk) } }),
        },
      },
    ],
  ])('never contains the sk: %s', (_, parts) => {
    const record = secret(parts);
    for (const text of [JSON.stringify(record), ...reachable(record)]) {
      for (const form of [sk, base64(sk), Buffer.from(sk).toString('hex'), sk.replaceAll('-', '')]) {
        expect(text).not.toContain(form);
      }
    }
  });

  it('proves that the search would find the sk', () => {
    expect(reachable({ a: [{ b: Buffer.from(sk) }] }).some((text) => text.includes(sk))).toBe(true);
  });

  it.each([
    ['no ak', { ak: undefined }, ['ak']],
    ['no sk', { sk: undefined }, ['sk']],
    ['no data', { ak: undefined, sk: undefined }, ['ak', 'sk']],
    ['an empty ak', { ak: '' }, ['ak']],
    ['an upper-case sk', { sk: sk.toUpperCase() }, ['sk']],
    ['an sk with a line feed', { sk: `${sk}\n` }, ['sk']],
    ['an sk in base64 twice', { sk: base64(sk) }, ['sk']],
    ['both invalid', { ak: 'x', sk: 'y' }, ['ak', 'sk']],
  ])('lists the malformed data keys and has no pair: %s', (_, data, malformed) => {
    expect(secret({ data })).toMatchObject({ malformed, pair: undefined });
  });

  it.each([
    ['nothing', {}],
    ['no metadata', { type: 'ghippo.io/access-key', data: {} }],
    ['data that is not base64', { data: { ak: '%%%', sk: '\u0000' } }],
    [
      'data that is not UTF-8',
      { data: { ak: base64(Buffer.from([0xff, 0xfe])), sk: base64(Buffer.alloc(65_536, 0x80)) } },
    ],
  ])('does not throw: %s', (_, raw) => {
    expect(toSecretRecord(raw)).toMatchObject({ pair: undefined, malformed: ['ak', 'sk'] });
  });

  describe('the data keys', () => {
    const annotated = (akKey: string, skKey: string) => ({ 'ghippo.io/ak-key': akKey, 'ghippo.io/sk-key': skKey });

    it('come from the annotations', () => {
      const data = { user: keyPair(3).ak, password: keyPair(3).sk };
      expect(secret({ annotations: annotated('user', 'password'), data })).toMatchObject({
        dataKeys: { ak: 'user', sk: 'password' },
        pair: { ak: keyPair(3).ak, digest: digestOf(keyPair(3).sk) },
        malformed: [],
      });
    });

    it('are ak and sk without annotations', () => {
      expect(secret({ annotations: {} })).toMatchObject({ dataKeys: { ak: 'ak', sk: 'sk' }, pair: { ak } });
    });

    it.each([
      ['the ak key is lost', undefined, 'password'],
      ['the sk key is lost', 'user', undefined],
      ['both are the same', 'sk', 'sk'],
      ['the ak key is that of the previous ak', 'previous-ak', 'sk'],
      ['the ak key is that of the previous sk', 'previous-sk', 'sk'],
      ['the sk key is that of the previous sk', 'ak', 'previous-sk'],
      ['the sk key is that of the previous ak', 'ak', 'previous-ak'],
    ])('are the default if the operator cannot have written the annotations: %s', (_, akKey, skKey) => {
      const annotations = {
        ...(akKey !== undefined && { 'ghippo.io/ak-key': akKey }),
        ...(skKey !== undefined && { 'ghippo.io/sk-key': skKey }),
      };
      const data = { user: keyPair(3).ak, password: keyPair(3).sk };
      expect(secret({ annotations, data, previous: keyPair(9) })).toMatchObject({
        dataKeys: { ak: 'ak', sk: 'sk' },
        pair: { ak, digest: digestOf(sk) },
      });
    });

    it('lead to no pair if ak and sk are equal', () => {
      expect(secret({ data: { ak: sk } }).pair).toBeUndefined();
      expect(secret({ previous: { ak: sk, sk } })).toMatchObject({ previous: undefined, holdsPrevious: true });
    });

    it('are listed as malformed if they do not exist', () => {
      expect(secret({ annotations: annotated('user', 'sk') })).toMatchObject({ pair: undefined, malformed: ['user'] });
    });

    it.each(['toString', 'constructor', '__proto__', 'hasOwnProperty'])(
      'may be %j, which every object inherits',
      (key) => {
        expect(secret({ annotations: annotated(key, 'sk') })).toMatchObject({ pair: undefined, malformed: [key] });
        const data = JSON.parse(`{ "${key}": "${base64(ak)}", "sk": "${base64(sk)}" }`) as Record<string, string>;
        const metadata = { annotations: annotated(key, 'sk') };
        expect(toSecretRecord({ metadata, data })).toMatchObject({ pair: { ak }, malformed: [] });
      },
    );
  });

  it.each([
    ['valid', { previous: keyPair(9) }, true, { ak: keyPair(9).ak, digest: digestOf(keyPair(9).sk) }],
    ['absent', {}, false, undefined],
    ['incomplete', { data: { 'previous-ak': keyPair(9).ak } }, true, undefined],
    ['invalid', { data: { 'previous-ak': 'x', 'previous-sk': keyPair(9).sk } }, true, undefined],
  ])('reads a previous pair that is %s', (_, parts, holdsPrevious, previous) => {
    expect(secret(parts)).toMatchObject({ holdsPrevious, previous, pair: { ak }, malformed: [] });
  });

  it('recognizes deleting, immutable and controlled Secrets', () => {
    const owner = { apiVersion: 'apps/v1', kind: 'Deployment', uid: 'd1', controller: true };
    expect(secret({ deletionTimestamp: at(-1) }).deleting).toBe(true);
    expect(secret({ immutable: true }).immutable).toBe(true);
    expect(secret({ ownerReferences: [owner] })).toMatchObject({ controlled: true, ownerUID: undefined });
    expect(secret({ ownerReferences: [{ ...owner, controller: false }] }).controlled).toBe(false);
  });

  describe('ownerUID', () => {
    const ours = { apiVersion: 'ghippo.io/v1alpha1', kind: 'AccessKey', uid: 'u1', controller: true };
    it.each([
      ['the AccessKey', [ours], 'u1'],
      ['a later API version', [{ ...ours, apiVersion: 'ghippo.io/v1' }], 'u1'],
      ['the controller among several owners', [{ ...ours, uid: 'u0', controller: false }, ours], 'u1'],
      ['none', [], undefined],
      ['an owner that does not control', [{ ...ours, controller: false }], undefined],
      ['an owner without controller', [{ apiVersion: ours.apiVersion, kind: ours.kind, uid: 'u1' }], undefined],
      ['another kind', [{ ...ours, kind: 'Deployment' }], undefined],
      ['another group', [{ ...ours, apiVersion: 'example.com/v1' }], undefined],
      ['a group that starts with ours', [{ ...ours, apiVersion: 'ghippo.io.example.com/v1' }], undefined],
      ['a group that ends with ours', [{ ...ours, apiVersion: 'notghippo.io/v1' }], undefined],
    ])('%s', (_, ownerReferences, ownerUID) => {
      expect(secret({ ownerReferences }).ownerUID).toBe(ownerUID);
    });

    it.each(['Opaque', '', 'kubernetes.io/tls', 'ghippo.io/signing-keys'])('is undefined for the type %j', (type) => {
      expect(secret({ type }).ownerUID).toBeUndefined();
    });
  });
});

describe('pairAt', () => {
  it('reads the pair under these keys', () => {
    expect(pairAt(rawSecret().data, { ak: 'ak', sk: 'sk' })).toEqual(keyPair());
    expect(pairAt(rawSecret().data, { ak: 'user', sk: 'sk' })).toBeUndefined();
    expect(pairAt({}, { ak: 'ak', sk: 'sk' })).toBeUndefined();
  });

  it.each(['constructor', '__proto__'])('returns undefined for the inherited key %s', (key) => {
    expect(pairAt(rawSecret().data, { ak: key, sk: 'sk' })).toBeUndefined();
  });
});

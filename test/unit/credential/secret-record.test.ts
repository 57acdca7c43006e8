import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/credential/key-pair.ts';
import { toSecretRecord } from '../../../src/credential/secret-record.ts';
import { accessKey, at, keyPair, rawSecret, secret } from '../../support/builders.ts';

const { ak, sk } = keyPair();
const ann = accessKey();
const base64 = (value: string | Buffer) => Buffer.from(value).toString('base64');

/** Every string and every byte sequence that can be reached from a value. */
function reachable(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (ArrayBuffer.isView(value)) return [Buffer.from(value.buffer).toString('latin1')];
  if (typeof value !== 'object' || value === null) return [];
  return Reflect.ownKeys(value).flatMap((key) => [String(key), ...reachable(Reflect.get(value, key))]);
}

describe('toSecretRecord', () => {
  it('keeps what is used', () => {
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
      malformed: [],
    });
  });

  it('takes the timestamp of client-node, a Date, as the API server writes it', () => {
    const raw = rawSecret();
    const metadata = { ...raw.metadata, creationTimestamp: new Date(raw.metadata.creationTimestamp) };
    expect(toSecretRecord({ ...raw, metadata })).toEqual(toSecretRecord(raw));
  });

  it.each([
    ['a sound Secret', {}],
    ['one whose ak is malformed', { data: { ak: 'x' } }],
    ['one in an overlap', { keys: keyPair(2), previous: keyPair() }],
    ['one whose previous pair is malformed', { data: { 'previous-ak': 'x', 'previous-sk': sk } }],
    ['one with the sk under other keys', { data: { password: sk, note: `sk=${sk}` } }],
    [
      'one that kubectl applied',
      {
        annotations: {
          'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ data: { sk: base64(sk) } }),
        },
      },
    ],
  ])('never holds the sk: %s', (_, parts) => {
    const record = secret(parts);
    for (const text of [JSON.stringify(record), ...reachable(record)]) {
      for (const form of [sk, base64(sk), Buffer.from(sk).toString('hex'), sk.replaceAll('-', '')]) {
        expect(text).not.toContain(form);
      }
    }
  });

  it('finds what a search is to find', () => {
    expect(reachable({ a: [{ b: Buffer.from(sk) }] }).some((text) => text.includes(sk))).toBe(true);
  });

  it.each([
    ['no ak', { ak: undefined }, ['ak']],
    ['no sk', { sk: undefined }, ['sk']],
    ['no data', { ak: undefined, sk: undefined }, ['ak', 'sk']],
    ['an empty ak', { ak: '' }, ['ak']],
    ['an sk in capitals', { sk: sk.toUpperCase() }, ['sk']],
    ['an sk with a line feed', { sk: `${sk}\n` }, ['sk']],
    ['an sk in base64 twice', { sk: base64(sk) }, ['sk']],
    ['both broken', { ak: 'x', sk: 'y' }, ['ak', 'sk']],
  ])('names what is malformed and then holds neither: %s', (_, data, malformed) => {
    expect(secret({ data })).toMatchObject({ malformed, pair: undefined });
  });

  it.each([
    ['nothing', {}],
    ['no metadata', { type: 'ghippo.io/access-key', data: {} }],
    ['data that is no base64', { data: { ak: '%%%', sk: '\u0000' } }],
    [
      'data that is no UTF-8',
      { data: { ak: base64(Buffer.from([0xff, 0xfe])), sk: base64(Buffer.alloc(65_536, 0x80)) } },
    ],
  ])('does not throw: %s', (_, raw) => {
    expect(toSecretRecord(raw)).toMatchObject({ pair: undefined, malformed: ['ak', 'sk'] });
  });

  describe('the data keys', () => {
    const noted = (akKey: string, skKey: string) => ({ 'ghippo.io/ak-key': akKey, 'ghippo.io/sk-key': skKey });

    it('are those that are noted', () => {
      const data = { user: keyPair(3).ak, password: keyPair(3).sk };
      expect(secret({ annotations: noted('user', 'password'), data })).toMatchObject({
        dataKeys: { ak: 'user', sk: 'password' },
        pair: { ak: keyPair(3).ak, digest: digestOf(keyPair(3).sk) },
        malformed: [],
      });
    });

    it('are ak and sk without a note', () => {
      expect(secret({ annotations: {} })).toMatchObject({ dataKeys: { ak: 'ak', sk: 'sk' }, pair: { ak } });
    });

    it.each([
      ['the ak is lost', undefined, 'password'],
      ['the sk is lost', 'user', undefined],
      ['both are the same', 'sk', 'sk'],
      ['the ak would be that of the previous pair', 'previous-ak', 'sk'],
      ['the ak would be the sk of the previous pair', 'previous-sk', 'sk'],
      ['the sk would be that of the previous pair', 'ak', 'previous-sk'],
      ['the sk would be the ak of the previous pair', 'ak', 'previous-ak'],
    ])('are the default ones when the notes cannot be the operator’s: %s', (_, akKey, skKey) => {
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

    it('hold no pair when ak and sk are the same', () => {
      expect(secret({ data: { ak: sk } }).pair).toBeUndefined();
      expect(secret({ previous: { ak: sk, sk } })).toMatchObject({ previous: undefined, holdsPrevious: true });
    });

    it('are named when there is nothing under them', () => {
      expect(secret({ annotations: noted('user', 'sk') })).toMatchObject({ pair: undefined, malformed: ['user'] });
    });

    it.each(['toString', 'constructor', '__proto__', 'hasOwnProperty'])(
      'may be named %j, as a member that every object has',
      (key) => {
        expect(secret({ annotations: noted(key, 'sk') })).toMatchObject({ pair: undefined, malformed: [key] });
        const data = JSON.parse(`{ "${key}": "${base64(ak)}", "sk": "${base64(sk)}" }`) as Record<string, string>;
        const metadata = { annotations: noted(key, 'sk') };
        expect(toSecretRecord({ metadata, data })).toMatchObject({ pair: { ak }, malformed: [] });
      },
    );
  });

  it.each([
    ['whole', { previous: keyPair(9) }, true, { ak: keyPair(9).ak, digest: digestOf(keyPair(9).sk) }],
    ['absent', {}, false, undefined],
    ['half there', { data: { 'previous-ak': keyPair(9).ak } }, true, undefined],
    ['malformed', { data: { 'previous-ak': 'x', 'previous-sk': keyPair(9).sk } }, true, undefined],
  ])('tells a previous pair that is %s', (_, parts, holdsPrevious, previous) => {
    expect(secret(parts)).toMatchObject({ holdsPrevious, previous, pair: { ak }, malformed: [] });
  });

  it('tells what is marked for deletion, immutable, or controlled by something else', () => {
    const owner = { apiVersion: 'apps/v1', kind: 'Deployment', uid: 'd1', controller: true };
    expect(secret({ deletionTimestamp: at(-1) }).deleting).toBe(true);
    expect(secret({ immutable: true }).immutable).toBe(true);
    expect(secret({ ownerReferences: [owner] })).toMatchObject({ controlled: true, ownerUID: undefined });
    expect(secret({ ownerReferences: [{ ...owner, controller: false }] }).controlled).toBe(false);
  });

  describe('ownerUID', () => {
    const ours = { apiVersion: 'ghippo.io/v1alpha1', kind: 'AccessKey', uid: 'u1', controller: true };
    it.each([
      ['ours', [ours], 'u1'],
      ['a later version of ours', [{ ...ours, apiVersion: 'ghippo.io/v1' }], 'u1'],
      ['the one that controls', [{ ...ours, uid: 'u0', controller: false }, ours], 'u1'],
      ['none', [], undefined],
      ['an owner that does not control', [{ ...ours, controller: false }], undefined],
      ['an owner without controller', [{ apiVersion: ours.apiVersion, kind: ours.kind, uid: 'u1' }], undefined],
      ['another kind', [{ ...ours, kind: 'Deployment' }], undefined],
      ['another group', [{ ...ours, apiVersion: 'example.com/v1' }], undefined],
      ['a group that begins like ours', [{ ...ours, apiVersion: 'ghippo.io.example.com/v1' }], undefined],
      ['a group that ends like ours', [{ ...ours, apiVersion: 'notghippo.io/v1' }], undefined],
    ])('%s', (_, ownerReferences, ownerUID) => {
      expect(secret({ ownerReferences }).ownerUID).toBe(ownerUID);
    });

    it.each(['Opaque', '', 'kubernetes.io/tls', 'ghippo.io/signing-keys'])('is nobody for the type %j', (type) => {
      expect(secret({ type }).ownerUID).toBeUndefined();
    });
  });
});

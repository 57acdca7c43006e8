import { describe, expect, it } from 'vitest';
import {
  dataKeysOf,
  isInUse,
  pairStatusOf,
  secretNameOf,
  toAccessKeyRecord,
} from '../../../../src/accesskey/model/access-key-record.ts';
import { at, now, pairStatus } from '../../../support/builders.ts';

const raw = {
  apiVersion: 'ghippo.io/v1alpha1',
  kind: 'AccessKey',
  metadata: {
    name: 'ann',
    namespace: 'shop',
    uid: 'u1',
    resourceVersion: '42',
    generation: 3,
    creationTimestamp: '2026-01-01T00:00:00Z',
    managedFields: [{ manager: 'kubectl' }],
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
  },
  spec: { user: { name: 'ann' }, keyPairs: [{ name: 'main', enabled: true }] },
  status: { observedGeneration: 3, userID: 'u1' },
};

describe('toAccessKeyRecord', () => {
  it('keeps only the fields that are used', () => {
    expect(toAccessKeyRecord(raw)).toEqual({
      key: 'shop/ann',
      namespace: 'shop',
      name: 'ann',
      uid: 'u1',
      resourceVersion: '42',
      generation: 3,
      creationTimestamp: '2026-01-01T00:00:00Z',
      updatedAt: '2026-01-01T00:00:00Z',
      deleting: false,
      spec: raw.spec,
      status: raw.status,
    });
  });

  it('recognizes a deletionTimestamp', () => {
    const metadata = { ...raw.metadata, deletionTimestamp: '2026-01-02T00:00:00Z', finalizers: ['example.com/wait'] };
    expect(toAccessKeyRecord({ ...raw, metadata }).deleting).toBe(true);
  });

  it('takes the time of the last write to anything but the status', () => {
    const managedFields = [
      { manager: 'kubectl', time: '2026-01-03T00:00:00Z' },
      { manager: 'console', time: '2026-01-02T00:00:00Z' },
      { manager: 'operator', subresource: 'status', time: '2026-01-04T00:00:00Z' },
    ];
    const { updatedAt } = toAccessKeyRecord({ ...raw, metadata: { ...raw.metadata, managedFields } });
    expect(updatedAt).toBe('2026-01-03T00:00:00Z');
  });

  it('treats an absent status as empty', () => {
    const { status: _, ...rest } = raw;
    expect(toAccessKeyRecord(rest).status).toEqual({});
  });
});

describe('secretNameOf', () => {
  it.each([
    [{ name: 'main' }, 'ann-main'],
    [{ name: 'main', secret: {} }, 'ann-main'],
    [{ name: 'main', secret: { name: 'mine' } }, 'mine'],
  ])('of %j is %s', (pair, name) => {
    expect(secretNameOf({ name: 'ann' }, pair)).toBe(name);
  });
});

describe('dataKeysOf', () => {
  it.each([
    [undefined, { ak: 'ak', sk: 'sk' }],
    [{ akKey: 'user' }, { ak: 'user', sk: 'sk' }],
    [
      { akKey: 'user', skKey: 'password' },
      { ak: 'user', sk: 'password' },
    ],
  ])('of %j is %j', (secret, keys) => {
    expect(dataKeysOf({ name: 'main', ...(secret && { secret }) })).toEqual(keys);
  });
});

describe('pairStatusOf', () => {
  it('finds a pair in the status by name', () => {
    const entry = { name: 'main', secretName: 'ann-main', state: 'Active' as const };
    expect(pairStatusOf({ status: { keyPairs: [entry] } }, 'main')).toBe(entry);
    expect(pairStatusOf({ status: { keyPairs: [entry] } }, 'ci')).toBeUndefined();
    expect(pairStatusOf({ status: {} }, 'main')).toBeUndefined();
  });
});

describe('isInUse', () => {
  it.each<[string, object, boolean]>([
    ['a minute ago', { lastUsedTime: at(-60) }, true],
    ['an hour ago', { lastUsedTime: at(-3_600) }, true],
    ['more than an hour ago', { lastUsedTime: at(-3_601) }, false],
    ['a minute ago as the previous pair', { previous: { accessKey: 'x', lastUsedTime: at(-60) } }, true],
    ['never', {}, false],
    ['within five minutes, by a clock that is ahead', { lastUsedTime: at(300) }, true],
    ['in a month, because a clock was ahead', { lastUsedTime: at(2_592_000) }, false],
    [
      'in a month, and a minute ago as the previous pair',
      { lastUsedTime: at(2_592_000), previous: { accessKey: 'x', lastUsedTime: at(-60) } },
      true,
    ],
  ])('whose pair was used %s', (_when, status, expected) => {
    expect(isInUse(pairStatus(status), now)).toBe(expected);
  });
});

import { describe, expect, it } from 'vitest';
import {
  dataKeysOf,
  pairStatusOf,
  secretNameOf,
  toAccessKeyRecord,
} from '../../../../src/accesskey/model/access-key-record.ts';

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

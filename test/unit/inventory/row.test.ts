import { describe, expect, it } from 'vitest';
import type { AccessKeyRecord, KeyPairStatus } from '../../../src/accesskey/model/access-key-record.ts';
import { toRow } from '../../../src/inventory/row.ts';
import { InventoryRow } from '../../../src/inventory/schema.ts';
import { accessKey, at, keyPair, known, now } from '../../support/builders.ts';

const rowOf = (record: AccessKeyRecord) => toRow({ accessKey: record, pair: { name: 'main' } }, now);
const rowWith = (status: Partial<KeyPairStatus>) => rowOf(known({}, status));
const day = 86_400;

describe('toRow', () => {
  it('combines spec, status and last change', () => {
    const status = { createdAt: at(-41.5 * day), lastUsedTime: at(-60), lastClientAddress: '192.0.2.7' };
    const record = known({ groups: ['dev', 'ops'], updatedAt: at(-day) }, { ...status, nextRotationAt: at(day) });
    const pair = { name: 'main', expiresAt: at(90 * day) };
    const row = toRow({ accessKey: { ...record, updatedBy: 'bob', updatedWith: 'console' }, pair }, now);
    expect(InventoryRow.parse(row)).toEqual({
      namespace: 'shop',
      accessKey: 'ann',
      keyPair: 'main',
      user: 'ann',
      groups: ['dev', 'ops'],
      state: 'Active',
      ak: keyPair().ak,
      createdAt: at(-41.5 * day),
      ageDays: 41,
      lastUsedAt: at(-60),
      lastClientAddress: '192.0.2.7',
      expiresAt: at(90 * day),
      nextRotationAt: at(day),
      lastChangedAt: at(-day),
      lastChangedBy: 'bob',
      lastChangedWith: 'console',
    });
  });

  it('is pending with empty values until the operator has created the key pair', () => {
    const row = rowOf(accessKey());
    expect(InventoryRow.parse(row)).toMatchObject({ state: 'Pending', ak: '', createdAt: '', ageDays: null });
    expect(row).toMatchObject({ lastUsedAt: '', lastClientAddress: '', expiresAt: '', nextRotationAt: '' });
  });

  it('has the last client of the previous key pair if that was used later', () => {
    const previous = { accessKey: keyPair(2).ak, validUntil: at(day), lastUsedTime: at(-5) };
    const status = { lastUsedTime: at(-60), lastClientAddress: '192.0.2.7' };
    const both = rowWith({ ...status, previous: { ...previous, lastClientAddress: '192.0.2.8' } });
    expect(both).toMatchObject({ lastUsedAt: at(-5), lastClientAddress: '192.0.2.8' });
    expect(rowWith({ ...status, previous })).toMatchObject({ lastUsedAt: at(-5), lastClientAddress: '' });
  });

  it('has the expiry in UTC, whatever the offset in the spec', () => {
    const pair = { name: 'main', expiresAt: '2027-01-01T01:30:00.5+02:00' };
    expect(toRow({ accessKey: accessKey(), pair }, now).expiresAt).toBe('2026-12-31T23:30:00Z');
  });

  it('has no negative age if the clock of another replica is ahead', () => {
    expect(rowWith({ createdAt: at(30) }).ageDays).toBe(0);
  });
});

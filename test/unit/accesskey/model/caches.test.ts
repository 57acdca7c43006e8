import { describe, expect, it } from 'vitest';
import type { AccessKeyRecord } from '../../../../src/accesskey/model/access-key-record.ts';
import {
  holdsUser,
  isBeingDeleted,
  nameHoldersFor,
  toNamespaceRecord,
} from '../../../../src/accesskey/model/caches.ts';
import { accessKey, at, caches, keyPair, known, namespace, secret } from '../../../support/builders.ts';

describe('toNamespaceRecord', () => {
  it.each([
    [undefined, false],
    ['2026-01-01T00:00:00Z', true],
  ])('deletionTimestamp %s: terminating %s', (deletionTimestamp, terminating) => {
    const metadata = { name: 'shop', resourceVersion: '7', ...(deletionTimestamp && { deletionTimestamp }) };
    expect(toNamespaceRecord({ metadata })).toEqual({ key: 'shop', resourceVersion: '7', terminating });
  });
});

describe('isBeingDeleted', () => {
  it.each([
    ['is false if neither is being deleted', false, namespace('shop'), false],
    ['is false if the namespace is not cached', false, namespace('other', true), false],
    ['is true if the AccessKey is being deleted', true, namespace('shop'), true],
    ['is true if the namespace is being deleted', false, namespace('shop', true), true],
  ])('%s', (_, deleting, space, expected) => {
    const one = accessKey({ deleting });
    expect(isBeingDeleted(caches({ accessKeys: [one], namespaces: [space] }), one)).toBe(expected);
  });
});

describe('user holders', () => {
  const old = accessKey({ namespace: 'a', name: 'old', user: 'ann', creationTimestamp: at(-100) });
  const young = accessKey({ namespace: 'b', name: 'young', user: 'ann', creationTimestamp: at(-50) });
  const other = accessKey({ namespace: 'a', name: 'bob', user: 'bob', creationTimestamp: at(-200) });

  it('are AccessKeys that name the user', () => {
    const all = caches({ accessKeys: [young, other, old] });
    expect(['ann', 'bob', 'eve'].map(all.userHolders.holderOf)).toEqual([old.key, other.key, undefined]);
    expect([old, young, other].map((one) => holdsUser(all, one))).toEqual([true, false, true]);
  });

  it('skip an AccessKey whose namespace is being deleted', () => {
    const all = caches({ accessKeys: [young, old], namespaces: [namespace('a', true), namespace('b')] });
    expect(all.userHolders.holderOf('ann')).toBe(young.key);
    expect([old, young].map((one) => holdsUser(all, one))).toEqual([false, true]);
  });

  it.each([true, false])('do not depend on the order of the lists, namespaces first: %s', (namespacesFirst) => {
    const all = caches({});
    const lists = [() => all.namespaces.replace([namespace('a', true)]), () => all.accessKeys.replace([young, old])];
    for (const list of namespacesFirst ? lists : lists.toReversed()) list();
    expect(all.userHolders.holderOf('ann')).toBe(young.key);
  });
});

describe('the index by ak', () => {
  it('finds a Secret by the ak of its current and previous pair', () => {
    const all = caches({ secrets: [secret({ previous: keyPair(9) })] });
    for (const { ak } of [keyPair(), keyPair(9)]) expect(all.secrets.byIndex('ak', ak)).toHaveLength(1);
    expect(all.secrets.byIndex('ak', keyPair(2).ak)).toEqual([]);
  });

  it('drops a previous pair that was removed', () => {
    const all = caches({ secrets: [secret({ previous: keyPair(9) })] });
    all.secrets.upsert(secret({ resourceVersion: '21' }));
    expect(all.secrets.byIndex('ak', keyPair(9).ak)).toEqual([]);
  });
});

describe('nameHoldersFor', () => {
  const owner = known({ name: 'a-b', user: 'a-b', keyPairs: [{ name: 'c' }] }, { name: 'c', secretName: 'a-b-c' });
  const waiting = accessKey({ name: 'a', user: 'a', keyPairs: [{ name: 'b-c' }, { name: 'd' }] });

  it('finds the pair of another AccessKey that has the Secret', () => {
    const all = caches({ accessKeys: [owner, waiting] });
    expect([...nameHoldersFor(all, waiting)]).toEqual([['a-b-c', 'AccessKey a-b (key pair c)']]);
    expect([...nameHoldersFor(all, owner)]).toEqual([]);
  });

  it.each([
    ['is being deleted', { ...owner, deleting: true }],
    ['has no Secret yet', { ...owner, status: {} }],
    [
      'is creating its Secret',
      { ...owner, status: { keyPairs: [{ name: 'c', secretName: 'a-b-c', state: 'Pending' as const }] } },
    ],
    [
      'still has another Secret',
      known({ name: 'a-b', user: 'a-b', keyPairs: [{ name: 'c' }] }, { name: 'c', secretName: 'x' }),
    ],
    ['has another Secret', { ...owner, spec: { ...owner.spec, keyPairs: [{ name: 'c', secret: { name: 'x' } }] } }],
    ['is in another namespace', { ...owner, namespace: 'far', key: 'far/a-b' }],
    [
      'is in conflict itself',
      known(
        { name: 'a-b', user: 'a-b', keyPairs: [{ name: 'c' }] },
        { name: 'c', secretName: 'a-b-c', state: 'Conflict' },
      ),
    ],
  ])('ignores an AccessKey that %s', (_, other) => {
    expect([...nameHoldersFor(caches({ accessKeys: [other, waiting] }), waiting)]).toEqual([]);
  });

  it('follows changes of the status and the spec', () => {
    const all = caches({ accessKeys: [{ ...owner, status: {} }, waiting] });
    const changes: [AccessKeyRecord, number][] = [
      [owner, 1],
      [{ ...owner, spec: { ...owner.spec, keyPairs: [] } }, 0],
      [owner, 1],
      [{ ...owner, deleting: true }, 0],
    ];
    for (const [current, holders] of changes) {
      all.accessKeys.upsert(current);
      expect(nameHoldersFor(all, waiting).size).toBe(holders);
    }
  });

  it('examines only AccessKeys that have the Secret, however many name it', () => {
    let examined = 0;
    const others = Array.from({ length: 50 }, (_, n) => {
      const keyPairs = [{ name: 'main', secret: { name: 'a-b-c' } }];
      const other = accessKey({ name: `other${n}`, user: `other${n}`, keyPairs });
      const { spec } = other;
      return Object.defineProperty(other, 'spec', {
        get() {
          examined += 1;
          return spec;
        },
      });
    });
    const all = caches({ accessKeys: [...others, owner, waiting] });
    examined = 0;
    expect(nameHoldersFor(all, waiting).size).toBe(1);
    expect(examined).toBe(0);
  });
});

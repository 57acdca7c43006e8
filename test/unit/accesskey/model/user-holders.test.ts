import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AccessKeyRecord } from '../../../../src/accesskey/model/access-key-record.ts';
import { createUserHolders } from '../../../../src/accesskey/model/user-holders.ts';
import { createStore } from '../../../../src/kube/store.ts';
import { accessKey, at, caches, namespace } from '../../../support/builders.ts';

const oldest = accessKey({ namespace: 'z', name: 'z', user: 'ann', creationTimestamp: at(-30) });
const middleA = accessKey({ namespace: 'a', name: 'b', user: 'ann', creationTimestamp: at(-20) });
const middleB = accessKey({ namespace: 'a', name: 'c', user: 'ann', creationTimestamp: at(-20) });
const youngest = accessKey({ namespace: 'a', name: 'a', user: 'ann', creationTimestamp: at(-10) });

describe('the holder of a user', () => {
  it.each([
    ['none without AccessKeys', [], undefined],
    ['the only AccessKey', [youngest], youngest],
    ['the oldest, whatever its name', [youngest, middleB, oldest, middleA], oldest],
    ['the first by namespace/name among equally old ones', [middleB, middleA], middleA],
    ['the same in any order', [middleA, middleB], middleA],
  ])('is %s', (_, accessKeys, holder) => {
    expect(caches({ accessKeys }).userHolders.holderOf('ann')).toBe(holder?.key);
    const oneByOne = caches({});
    for (const one of accessKeys) oneByOne.accessKeys.upsert(one);
    expect(oneByOne.userHolders.holderOf('ann')).toBe(holder?.key);
  });

  it('stays the AccessKey that became Ready first of those created in the same second', () => {
    const ready = (one: AccessKeyRecord, seconds: number, status: 'True' | 'False' = 'True') => ({
      ...one,
      resourceVersion: `${one.resourceVersion}1`,
      status: {
        userID: one.uid,
        conditions: [{ type: 'Ready', status, reason: 'r', message: '', lastTransitionTime: at(seconds) }],
      },
    });
    const all = caches({ accessKeys: [middleB] });
    all.accessKeys.upsert(ready(middleB, 0));
    all.accessKeys.upsert(middleA);
    expect(all.userHolders.holderOf('ann'), 'middleA precedes by name').toBe(middleB.key);
    all.accessKeys.upsert(ready(middleB, 1, 'False'));
    all.accessKeys.upsert(middleA);
    expect(all.userHolders.holderOf('ann'), 'middleB is not Ready for a moment').toBe(middleB.key);
    all.accessKeys.upsert(ready(middleB, 0));
    all.accessKeys.upsert(ready(middleA, 1));
    expect(all.userHolders.holderOf('ann'), 'middleA was Ready later').toBe(middleB.key);
    all.accessKeys.upsert(oldest);
    expect(all.userHolders.holderOf('ann'), 'the oldest still takes precedence').toBe(oldest.key);
    expect(caches({ accessKeys: [middleA, ready(middleB, 0)] }).userHolders.holderOf('ann')).toBe(middleB.key);
  });

  it('is not decided by a restored status, or by a condition that is not True, for those created in the same second', () => {
    const conditions = (status: 'True' | 'False') => [
      { type: 'Ready', status, reason: 'r', message: '', lastTransitionTime: at(0) },
    ];
    const restored = { ...middleB, status: { userID: 'uid before the restore', conditions: conditions('True') } };
    expect(caches({ accessKeys: [restored, middleA] }).userHolders.holderOf('ann')).toBe(middleA.key);
    const failing = { ...middleB, status: { userID: middleB.uid, conditions: conditions('False') } };
    const holding = { ...middleA, status: { userID: middleA.uid } };
    expect(caches({ accessKeys: [failing, holding] }).userHolders.holderOf('ann')).toBe(middleA.key);
  });

  it('changes to the next oldest when the holder stops, and finally to none', () => {
    const all = caches({ accessKeys: [youngest, middleA, oldest] });
    all.accessKeys.upsert({ ...oldest, deleting: true, resourceVersion: '11' });
    expect(all.userHolders.holderOf('ann')).toBe(middleA.key);
    all.accessKeys.remove(middleA.key);
    expect(all.userHolders.holderOf('ann')).toBe(youngest.key);
    all.namespaces.upsert(namespace('a', true));
    expect(all.userHolders.holderOf('ann')).toBeUndefined();
  });

  it('stays when another AccessKey is deleted or changes', () => {
    const all = caches({ accessKeys: [youngest, oldest] });
    all.accessKeys.upsert({ ...oldest, generation: 2, resourceVersion: '11' });
    all.accessKeys.upsert({ ...youngest, deleting: true, resourceVersion: '11' });
    expect(all.userHolders.holderOf('ann')).toBe(oldest.key);
    all.accessKeys.remove(youngest.key);
    expect(all.userHolders.holderOf('ann')).toBe(oldest.key);
  });

  it('changes when the namespace is being deleted, and back when a namespace of the same name exists', () => {
    const all = caches({ accessKeys: [youngest, oldest], namespaces: [namespace('z')] });
    all.namespaces.upsert(namespace('z', true));
    expect(all.userHolders.holderOf('ann')).toBe(youngest.key);
    all.namespaces.remove('z');
    all.namespaces.upsert(namespace('z'));
    expect(all.userHolders.holderOf('ann')).toBe(oldest.key);
  });

  it('changes when a younger AccessKey replaces the holder under the same name', () => {
    const all = caches({ accessKeys: [middleA, oldest] });
    all.accessKeys.upsert({ ...oldest, uid: 'successor', creationTimestamp: at(0), resourceVersion: '11' });
    expect(all.userHolders.holderOf('ann')).toBe(middleA.key);
  });

  it('changes when an AccessKey of another user replaces the holder under the same name', () => {
    const all = caches({ accessKeys: [middleA, oldest] });
    all.accessKeys.upsert({ ...oldest, uid: 'successor', spec: { user: { name: 'bob' } }, resourceVersion: '11' });
    expect(all.userHolders.holderOf('ann')).toBe(middleA.key);
    expect(all.userHolders.holderOf('bob')).toBe(oldest.key);
  });
});

describe('subscribe', () => {
  function listening(...accessKeys: AccessKeyRecord[]) {
    const all = caches({ accessKeys });
    const heard: string[] = [];
    all.userHolders.subscribe((user) => heard.push(`${user} ${all.userHolders.holderOf(user)}`));
    return { all, heard };
  }

  it('reports each change of the holder once, after it is visible', () => {
    const { all, heard } = listening(youngest, oldest);
    all.accessKeys.remove(oldest.key);
    all.accessKeys.upsert(oldest);
    all.namespaces.upsert(namespace('z', true));
    expect(heard).toEqual(['ann a/a', 'ann z/z', 'ann a/a']);
  });

  it('reports a replacement under the same name', () => {
    const { all, heard } = listening(oldest);
    all.accessKeys.upsert({ ...oldest, uid: 'successor', resourceVersion: '11' });
    expect(heard).toEqual(['ann z/z']);
  });

  it('reports nothing while the holder stays', () => {
    const { all, heard } = listening(youngest, oldest);
    all.accessKeys.upsert({ ...oldest, generation: 2, resourceVersion: '11' });
    all.accessKeys.upsert(middleA);
    all.accessKeys.remove(youngest.key);
    all.namespaces.upsert(namespace('a', true));
    expect(heard).toEqual([]);
  });
});

describe('against a naive model', () => {
  const change = fc.record({
    what: fc.constantFrom('put', 'put', 'mark', 'remove', 'terminate', 'revive'),
    user: fc.constantFrom('ann', 'bob'),
    namespace: fc.constantFrom('a', 'b', 'c'),
    name: fc.constantFrom('x', 'y', 'z'),
    age: fc.integer({ min: 0, max: 3 }),
  });

  it('always finds the oldest AccessKey that is not being deleted, and reports every change', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const all = caches({});
        const heard = new Map<string, string | undefined>();
        all.userHolders.subscribe((user) => heard.set(user, all.userHolders.holderOf(user)));
        for (const [n, { what, user, namespace: space, name, age }] of changes.entries()) {
          const parts = { namespace: space, name, user, resourceVersion: String(n), uid: `${space}-${name}-${age}` };
          const one = accessKey({ ...parts, creationTimestamp: at(-age), deleting: what === 'mark' });
          if (what === 'put' || what === 'mark') all.accessKeys.upsert(one);
          if (what === 'remove') all.accessKeys.remove(one.key);
          if (what === 'terminate' || what === 'revive') all.namespaces.upsert(namespace(space, what === 'terminate'));
          for (const asked of ['ann', 'bob']) {
            const holder = naiveHolder(all, asked);
            expect(all.userHolders.holderOf(asked)).toBe(holder);
            expect(heard.get(asked)).toBe(holder);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  function naiveHolder({ accessKeys, namespaces }: ReturnType<typeof caches>, user: string): string | undefined {
    const candidates = [...accessKeys.values()]
      .filter((one) => one.spec.user.name === user && !one.deleting)
      .filter((one) => namespaces.get(one.namespace)?.terminating !== true)
      .map((one) => [one.creationTimestamp, one.key] as const);
    return candidates.sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))[0]?.[1];
  }
});

describe('2,000 AccessKeys of one user', () => {
  const count = 2000;
  const many = Array.from({ length: count }, (_, n) =>
    accessKey({ namespace: 'shop', name: `k${n}`, user: 'ann', creationTimestamp: at(n - count) }),
  );

  /** Counts the calls of isBeingDeleted. */
  function counted(work: (store: ReturnType<typeof newStore>, namespaceChanged: (name: string) => void) => void) {
    const store = newStore();
    let calls = 0;
    const holders = createUserHolders(store, () => {
      calls += 1;
      return false;
    });
    work(store, holders.namespaceChanged);
    return { calls, holder: holders.holderOf('ann') };
  }

  const newStore = () =>
    createStore<AccessKeyRecord, 'user' | 'namespace' | 'uid'>({
      user: (one) => [one.spec.user.name],
      namespace: (one) => [one.namespace],
      uid: (one) => [one.uid],
    });

  it.each([
    ['the oldest first', many],
    ['the youngest first', many.toReversed()],
  ])('cost no more than AccessKeys of different users: %s', (_, order) => {
    const { calls, holder } = counted((store) => {
      for (const one of order) store.upsert(one);
    });
    expect(holder).toBe('shop/k0');
    expect(calls).toBeLessThanOrEqual(2 * count);
  });

  it('need at most 4 checks each when each changes', () => {
    const { calls } = counted((store) => {
      store.replace(many);
      for (const one of many) store.upsert({ ...one, resourceVersion: '11' });
    });
    expect(calls).toBeLessThanOrEqual(4 * count);
  });

  it('need at most 3 checks each when their namespace changes', () => {
    const { calls } = counted((store, namespaceChanged) => {
      store.replace(many);
      namespaceChanged('shop');
    });
    expect(calls).toBeLessThanOrEqual(3 * count);
  });

  it('need at most 2 checks each when they are deleted, the youngest first', () => {
    const { calls, holder } = counted((store) => {
      store.replace(many);
      for (const one of many.toReversed()) store.remove(one.key);
    });
    expect(holder).toBeUndefined();
    expect(calls).toBeLessThanOrEqual(2 * count);
  });
});

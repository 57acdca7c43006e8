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

describe('the holder of a claim', () => {
  it.each([
    ['nobody', [], undefined],
    ['the only one', [youngest], youngest],
    ['the oldest, whatever its name', [youngest, middleB, oldest, middleA], oldest],
    ['of equally old ones the first by namespace/name', [middleB, middleA], middleA],
    ['the same in any order', [middleA, middleB], middleA],
  ])('is %s', (_, accessKeys, holder) => {
    expect(caches({ accessKeys }).userHolders.holderOf('ann')).toBe(holder?.key);
    const oneByOne = caches({});
    for (const one of accessKeys) oneByOne.accessKeys.upsert(one);
    expect(oneByOne.userHolders.holderOf('ann')).toBe(holder?.key);
  });

  it('passes to the next when the holder stops, and back to nobody in the end', () => {
    const all = caches({ accessKeys: [youngest, middleA, oldest] });
    all.accessKeys.upsert({ ...oldest, deleting: true, resourceVersion: '11' });
    expect(all.userHolders.holderOf('ann')).toBe(middleA.key);
    all.accessKeys.remove(middleA.key);
    expect(all.userHolders.holderOf('ann')).toBe(youngest.key);
    all.namespaces.upsert(namespace('a', true));
    expect(all.userHolders.holderOf('ann')).toBeUndefined();
  });

  it('stays when another one goes or changes', () => {
    const all = caches({ accessKeys: [youngest, oldest] });
    all.accessKeys.upsert({ ...oldest, generation: 2, resourceVersion: '11' });
    all.accessKeys.upsert({ ...youngest, deleting: true, resourceVersion: '11' });
    expect(all.userHolders.holderOf('ann')).toBe(oldest.key);
    all.accessKeys.remove(youngest.key);
    expect(all.userHolders.holderOf('ann')).toBe(oldest.key);
  });

  it('passes with a namespace that terminates, and comes back with one of the same name', () => {
    const all = caches({ accessKeys: [youngest, oldest], namespaces: [namespace('z')] });
    all.namespaces.upsert(namespace('z', true));
    expect(all.userHolders.holderOf('ann')).toBe(youngest.key);
    all.namespaces.remove('z');
    all.namespaces.upsert(namespace('z'));
    expect(all.userHolders.holderOf('ann')).toBe(oldest.key);
  });

  it('is told apart from a successor of the same name, that is younger', () => {
    const all = caches({ accessKeys: [middleA, oldest] });
    all.accessKeys.upsert({ ...oldest, uid: 'successor', creationTimestamp: at(0), resourceVersion: '11' });
    expect(all.userHolders.holderOf('ann')).toBe(middleA.key);
  });

  it('is given up by a successor of the same name that names another user', () => {
    const all = caches({ accessKeys: [middleA, oldest] });
    all.accessKeys.upsert({ ...oldest, uid: 'successor', spec: { user: { name: 'bob' } }, resourceVersion: '11' });
    expect(all.userHolders.holderOf('ann')).toBe(middleA.key);
    expect(all.userHolders.holderOf('bob')).toBe(oldest.key);
  });
});

describe('who listens', () => {
  function listening(...accessKeys: AccessKeyRecord[]) {
    const all = caches({ accessKeys });
    const heard: string[] = [];
    all.userHolders.subscribe((user) => heard.push(`${user} ${all.userHolders.holderOf(user)}`));
    return { all, heard };
  }

  it('hears when the claim passes on, once, and who holds it already', () => {
    const { all, heard } = listening(youngest, oldest);
    all.accessKeys.remove(oldest.key);
    all.accessKeys.upsert(oldest);
    all.namespaces.upsert(namespace('z', true));
    expect(heard).toEqual(['ann a/a', 'ann z/z', 'ann a/a']);
  });

  it('hears of a successor of the same name', () => {
    const { all, heard } = listening(oldest);
    all.accessKeys.upsert({ ...oldest, uid: 'successor', resourceVersion: '11' });
    expect(heard).toEqual(['ann z/z']);
  });

  it('hears nothing when the holder stays', () => {
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

  it('the holder is always the oldest that is not on its way out, and each change of it is heard', () => {
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
    const claims = [...accessKeys.values()]
      .filter((one) => one.spec.user.name === user && !one.deleting)
      .filter((one) => namespaces.get(one.namespace)?.terminating !== true)
      .map((one) => [one.creationTimestamp, one.key] as const);
    return claims.sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))[0]?.[1];
  }
});

describe('2,000 AccessKeys of one user', () => {
  const count = 2000;
  const many = Array.from({ length: count }, (_, n) =>
    accessKey({ namespace: 'shop', name: `k${n}`, user: 'ann', creationTimestamp: at(n - count) }),
  );

  /** How often it is asked whether one of them is on its way out. */
  function counted(work: (store: ReturnType<typeof newStore>, namespaceChanged: (name: string) => void) => void) {
    const store = newStore();
    let asked = 0;
    const holders = createUserHolders(store, () => {
      asked += 1;
      return false;
    });
    work(store, holders.namespaceChanged);
    return { asked, holder: holders.holderOf('ann') };
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
  ])('cost no more than that many of different users: %s', (_, order) => {
    const { asked, holder } = counted((store) => {
      for (const one of order) store.upsert(one);
    });
    expect(holder).toBe('shop/k0');
    expect(asked).toBeLessThanOrEqual(2 * count);
  });

  it('cost no more when each changes', () => {
    const { asked } = counted((store) => {
      store.replace(many);
      for (const one of many) store.upsert({ ...one, resourceVersion: '11' });
    });
    expect(asked).toBeLessThanOrEqual(4 * count);
  });

  it('cost no more when their namespace changes', () => {
    const { asked } = counted((store, namespaceChanged) => {
      store.replace(many);
      namespaceChanged('shop');
    });
    expect(asked).toBeLessThanOrEqual(3 * count);
  });

  it('cost no more when they go, the youngest first', () => {
    const { asked, holder } = counted((store) => {
      store.replace(many);
      for (const one of many.toReversed()) store.remove(one.key);
    });
    expect(holder).toBeUndefined();
    expect(asked).toBeLessThanOrEqual(2 * count);
  });
});

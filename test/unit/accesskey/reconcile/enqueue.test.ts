import { describe, expect, it } from 'vitest';
import { enqueueChanges } from '../../../../src/accesskey/reconcile/enqueue.ts';
import { accessKey, at, caches, namespace, secret } from '../../../support/builders.ts';

const ann = accessKey();
const bob = accessKey({ name: 'bob', user: 'bob' });
const far = accessKey({ namespace: 'far', name: 'zoe', user: 'zoe' });

/** What is put into the queue by what is done after the start. */
function enqueuedBy(work: (all: ReturnType<typeof caches>) => void, content = { accessKeys: [ann, bob, far] }) {
  const all = caches(content);
  let keys: string[] = [];
  enqueueChanges(all, (key) => keys.push(key));
  const atStart = keys;
  keys = [];
  work(all);
  return { atStart: atStart.toSorted(), keys: [...new Set(keys)].sort() };
}

describe('enqueueChanges', () => {
  it('puts every AccessKey in at the start', () => {
    expect(enqueuedBy(() => undefined).atStart).toEqual(['far/zoe', 'shop/ann', 'shop/bob']);
  });

  it.each<[string, (all: ReturnType<typeof caches>) => void, string[]]>([
    ['an AccessKey that changed', (all) => all.accessKeys.upsert({ ...ann, resourceVersion: '11' }), ['shop/ann']],
    ['an AccessKey that is gone', (all) => all.accessKeys.remove(ann.key), ['shop/ann']],
    ['whom a Secret belongs to', (all) => all.secrets.upsert(secret({ name: 'x' })), ['shop/ann']],
    [
      'who wants the name of a Secret',
      (all) => all.secrets.upsert(secret({ name: 'bob-main' })),
      ['shop/ann', 'shop/bob'],
    ],
    ['nobody for a Secret of nobody', (all) => all.secrets.upsert(secret({ name: 'x', ownerReferences: [] })), []],
    [
      'nobody for a wanted name elsewhere',
      (all) => all.secrets.upsert(secret({ namespace: 'x', ownerReferences: [] })),
      [],
    ],
    [
      'those of a namespace that terminates',
      (all) => all.namespaces.upsert(namespace('shop', true)),
      ['shop/ann', 'shop/bob'],
    ],
    ['nobody for a namespace that is as it was', (all) => all.namespaces.upsert(namespace('none')), []],
  ])('puts in %s', (_, work, keys) => {
    expect(enqueuedBy(work).keys).toEqual(keys);
  });

  it('puts in whom a Secret belonged to, and who wants the name that is free now', () => {
    const { keys } = enqueuedBy((all) => {
      all.secrets.upsert(secret({ of: far, name: 'ann-main', namespace: 'shop' }));
    });
    expect(keys).toEqual(['far/zoe', 'shop/ann']);
    const gone = enqueuedBy((all) => all.secrets.remove('shop/ann-main'), {
      accessKeys: [ann, bob],
      ...{ secrets: [secret({ of: bob, name: 'ann-main' })] },
    });
    expect(gone.keys).toEqual(['shop/ann', 'shop/bob']);
  });

  it('puts in all that name a user whose claim passes on', () => {
    const others = [1, 2].map((n) => accessKey({ name: `ann${n}`, user: 'ann', creationTimestamp: at(n) }));
    const { keys } = enqueuedBy((all) => all.accessKeys.remove(ann.key), { accessKeys: [ann, bob, ...others] });
    expect(keys).toEqual(['shop/ann', 'shop/ann1', 'shop/ann2']);
  });
});

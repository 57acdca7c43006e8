import { describe, expect, it } from 'vitest';
import { createInventory } from '../../../src/inventory/inventory.ts';
import { accessKey, caches, keyPair, known, namespace } from '../../support/builders.ts';
import { visibility } from '../http/support.ts';

const ann = { name: 'ann', groups: [] };

/** @param allowed namespaces; `*`: all */
function createWorld(...allowed: string[]) {
  const accessKeys = [
    known({ namespace: 'shop', name: 'zoe', user: 'Zoe', keyPairs: [{ name: 'main' }, { name: 'ci' }] }),
    accessKey({ namespace: 'shop-2', name: 'ann', user: 'Miller' }),
    accessKey({ namespace: 'shop', name: 'bob', user: 'bob', keyPairs: [] }),
    known({ namespace: 'app', name: 'ann' }, { accessKey: keyPair(7).ak }),
  ];
  const content = caches({ accessKeys, namespaces: ['app', 'empty', 'shop', 'shop-2'].map((one) => namespace(one)) });
  const mayList = async (_: unknown, name = '*') => [name, '*'].some((one) => allowed.includes(one));
  const inventory = createInventory(content, { visibleAccessKeys: visibility(mayList) });
  return {
    content,
    isOffered: (own?: string) => inventory.isOfferedTo(ann, own),
    async find({ search = '', namespace = '' } = {}) {
      const visible = await inventory.visibleTo(ann, namespace);
      return visible?.find(search).map(({ accessKey: { key }, pair }) => `${key}/${pair.name}`);
    },
  };
}

describe('createInventory', () => {
  it('sorts the key pairs by namespace and AccessKey, then as in the spec', async () => {
    expect(await createWorld('*').find()).toEqual(['app/ann/main', 'shop/zoe/main', 'shop/zoe/ci', 'shop-2/ann/main']);
  });

  it.each([
    [['shop'], ['shop/zoe/main', 'shop/zoe/ci']],
    [
      ['app', 'shop-2'],
      ['app/ann/main', 'shop-2/ann/main'],
    ],
    [['empty'], []],
    [[], undefined],
  ])('shows a user who may list in %j only these', async (allowed, found) => {
    expect(await createWorld(...allowed).find()).toEqual(found);
  });

  it.each([
    [{ search: 'ANN' }, ['app/ann/main', 'shop-2/ann/main']],
    [{ search: 'mill' }, ['shop-2/ann/main']],
    [{ search: 'ci' }, ['shop/zoe/ci']],
    [{ search: keyPair(7).ak }, ['app/ann/main']],
    [{ search: keyPair(7).ak.slice(0, -1) }, []],
    [{ namespace: 'shop' }, ['shop/zoe/main', 'shop/zoe/ci']],
    [{ namespace: 'missing' }, []],
  ])('finds %j', async (query, found) => {
    expect(await createWorld('*').find(query)).toEqual(found);
  });

  it('does not reveal key pairs of a namespace that the user may not list', async () => {
    expect(await createWorld('app').find({ namespace: 'shop' })).toBeUndefined();
    expect(await createWorld('shop').find({ search: keyPair(7).ak })).toEqual([]);
  });

  it('follows added and removed AccessKeys', async () => {
    const { content, find } = createWorld('*');
    await find();
    content.accessKeys.upsert(accessKey({ namespace: 'app', name: 'aaa' }));
    content.accessKeys.remove('shop/zoe');
    expect(await find()).toEqual(['app/aaa/main', 'app/ann/main', 'shop-2/ann/main']);
  });

  it.each([
    [['*'], undefined, true],
    [['app'], undefined, true],
    [['own'], 'own', true],
    [['own'], undefined, false],
    [[], 'shop', false],
  ])('is offered to a user who may list in %j and has an AccessKey in %s: %s', async (allowed, own, isOffered) => {
    expect(await createWorld(...allowed).isOffered(own)).toBe(isOffered);
  });

  it('is offered after at most 21 reviews', async () => {
    const asked: unknown[] = [];
    const accessKeys = Array.from({ length: 100 }, (_, n) => accessKey({ namespace: `n${n}` }));
    const mayList = async (_: unknown, name = '*') => asked.push(name) < 0;
    const inventory = createInventory(caches({ accessKeys }), { visibleAccessKeys: visibility(mayList) });
    expect(await inventory.isOfferedTo(ann, 'own')).toBe(false);
    expect([asked.length, ...asked.slice(0, 2)]).toEqual([21, '*', 'own']);
  });
});

import { describe, expect, it } from 'vitest';
import { createUserDirectory } from '../../../src/users/directory.ts';
import { accessKey, at, caches } from '../../support/builders.ts';

const ann = accessKey({ profile: { email: 'Ann.Lee@example.com', firstName: 'Ann', lastName: 'Lee' } });
const bob = accessKey({ name: 'bob', user: 'bob', profile: { lastName: 'ÖZIL' } });
const zoe = accessKey({ name: 'zoe', user: 'Zoe' });
/** A younger AccessKey for ann. */
const younger = accessKey({ namespace: 'other', user: 'ann', creationTimestamp: at(-10), profile: { email: 'x@y.z' } });

function directory(...accessKeys: ReturnType<typeof accessKey>[]) {
  const content = caches({ accessKeys });
  const users = createUserDirectory(content);
  const names = (search = '', page = 1, pageSize = 10) => {
    const found = users.find({ search, page, pageSize });
    return [found.users.map(({ spec }) => spec.user.name), found.total];
  };
  return { ...content, users, names };
}

describe('the users', () => {
  it('are sorted by name, each once', () => {
    const { names } = directory(bob, younger, zoe, ann);
    expect(names()).toEqual([['Zoe', 'ann', 'bob'], 3]);
  });

  it('are the AccessKeys that hold their user', () => {
    const { users } = directory(younger, ann);
    expect(users.byName('ann')).toBe(ann);
    expect(users.byId(ann.uid)).toBe(ann);
    expect(users.byId(younger.uid)).toBeUndefined();
    expect(users.find({ search: 'x@y', page: 1, pageSize: 10 }).total).toBe(0);
  });

  it.each([
    ['an', ['ann']],
    ['AN', ['ann']],
    ['lee@EXAMPLE', ['ann']],
    ['ann lee', ['ann']],
    ['özil', ['bob']],
    ['z', ['Zoe', 'bob']],
    [' ', ['ann']],
    ['nobody', []],
  ])('are found by %j', (search, found) => {
    expect(directory(ann, bob, zoe).names(search)).toEqual([found, found.length]);
  });

  it.each([
    [1, 2, ['Zoe', 'ann']],
    [2, 2, ['bob']],
    [3, 2, []],
    [1, 3, ['Zoe', 'ann', 'bob']],
  ])('are returned on page %i with page size %i', (page, pageSize, found) => {
    expect(directory(ann, bob, zoe).names('', page, pageSize)).toEqual([found, 3]);
  });

  it('are not found by a text that spans two fields', () => {
    expect(directory(ann).names('ann\0ann')).toEqual([[], 0]);
  });

  it('are found by their current fields', () => {
    const { names, accessKeys } = directory(ann, younger, bob);
    expect(names('lee')).toEqual([['ann'], 1]);
    const renamed = accessKey({ profile: { lastName: 'Stone' } });
    accessKeys.upsert({ ...renamed, resourceVersion: '12' });
    expect([names('lee'), names('stone')]).toEqual([
      [[], 0],
      [['ann'], 1],
    ]);
    accessKeys.upsert({ ...younger, resourceVersion: '13' });
    expect(names('x@y')).toEqual([[], 0]);
  });

  it('are searched without looking up each AccessKey', () => {
    const all = Array.from({ length: 200 }, (_, index) =>
      accessKey({ name: `k${index}`, user: `user-${index % 100}-${index}` }),
    );
    const content = caches({ accessKeys: all });
    let lookUps = 0;
    const get = (key: string) => {
      lookUps += 1;
      return content.accessKeys.get(key);
    };
    const accessKeys = { ...content.accessKeys, get };
    const users = createUserDirectory({ ...content, accessKeys });
    const query = { search: 'user', page: 1, pageSize: 10 };
    lookUps = 0;
    expect(users.find(query).total).toBe(200);
    expect(lookUps).toBe(0);
  });

  it('follow changes of AccessKeys and namespaces', () => {
    const { users, names, accessKeys, namespaces } = directory(ann);
    expect(names()).toEqual([['ann'], 1]);
    accessKeys.upsert(bob);
    accessKeys.upsert(younger);
    expect(names()).toEqual([['ann', 'bob'], 2]);
    accessKeys.upsert({ ...ann, deleting: true, resourceVersion: '11' });
    expect(users.byName('ann')).toBe(younger);
    accessKeys.remove(younger.key);
    expect(names()).toEqual([['bob'], 1]);
    namespaces.upsert({ key: 'shop', resourceVersion: '1', terminating: true });
    expect(names()).toEqual([[], 0]);
    expect([users.byName('bob'), users.byId(bob.uid)]).toEqual([undefined, undefined]);
  });
});

import { beforeAll, describe, expect, it } from 'vitest';
import { createUserDirectory } from '../../../../src/users/directory.ts';
import type { CurrentUser, User, UserList } from '../../../../src/users/schema.ts';
import { accessKey, caches } from '../../../support/builders.ts';
import { allowing, createPlatform, failing } from '../support.ts';

const base = '/apis/ghippo.io/v1alpha1';
const ann = accessKey({ groups: ['dev'], profile: { email: 'ann@example.com', firstName: 'Ann' } });
const bob = accessKey({ name: 'bob', user: 'bob', suspended: true });
const users = createUserDirectory(caches({ accessKeys: [ann, bob] }));

let token: string;
beforeAll(async () => {
  token = await (await createPlatform({ of: ann })).token();
});

async function ask(path: string, change: Parameters<typeof createPlatform>[0] = {}) {
  const { get } = await createPlatform({ of: ann, users, ...change });
  return get(base + path, { authorization: `Bearer ${token}` });
}

describe('/users', () => {
  const names = (list: UserList) => list.items.map(({ name }) => name);

  it.each([
    ['', ['ann', 'bob'], { page: 1, pageSize: 10, total: 2 }],
    ['?page=0&pageSize=0', ['ann', 'bob'], { page: 1, pageSize: 10, total: 2 }],
    ['?page=2&pageSize=1', ['bob'], { page: 2, pageSize: 1, total: 2 }],
    ['?page=1000', [], { page: 1000, pageSize: 10, total: 2 }],
    ['?search=EXAMPLE', ['ann'], { page: 1, pageSize: 10, total: 1 }],
    ['?page=&pageSize=', ['ann', 'bob'], { page: 1, pageSize: 10, total: 2 }],
    ['?search=', ['ann', 'bob'], { page: 1, pageSize: 10, total: 2 }],
  ])('%s', async (query, found, pagination) => {
    const answer = await ask(`/users${query}`);
    expect(answer.status).toBe(200);
    const body = answer.json<UserList>();
    expect(names(body)).toEqual(found);
    expect(body.pagination).toEqual(pagination);
  });

  it.each([
    ['page', '1001', 'must be a whole number from 0 to 1000'],
    ['page', '-1', 'must be a whole number from 0 to 1000'],
    ['pageSize', '501', 'must be a whole number from 0 to 500'],
    ['search', 'x'.repeat(257), 'must be 256 characters at most'],
    ['search', 'a&search=b', 'must be given only once'],
    ['name', 'ann', 'unknown parameter'],
  ])('rejects %s=%s', async (field, value, description) => {
    const answer = await ask(`/users?${field}=${value}`);
    expect(answer.status).toBe(400);
    expect(answer.json().details[0]?.fieldViolations).toEqual([{ field, description }]);
  });

  it('reviews only the permission to list AccessKeys', async () => {
    const asked: unknown[] = [];
    const mayReadAccessKeys = async (...question: unknown[]) => asked.push(question) > 0;
    await ask('/users', { authorizer: { ...allowing(), mayReadAccessKeys } });
    expect(asked).toMatchObject([[{ name: 'ann', groups: ['dev'] }, 'list']]);
  });

  it('is forbidden without that right', async () => {
    const answer = await ask('/users', { authorizer: allowing() });
    expect(answer.status).toBe(403);
    expect(answer.json()).toMatchObject({ code: 7, message: expect.stringContaining('list accesskeys.ghippo.io') });
  });
});

describe.each([
  ['by ID', '/users/', (name: string) => `uid-of-shop-${name}`],
  ['by name', '/users/username/', (name: string) => name],
])('a user %s', (_, path, id) => {
  it('is returned to a caller who may get AccessKeys', async () => {
    const answer = await ask(path + id('bob'));
    expect(answer.json<User>()).toMatchObject({ id: 'uid-of-shop-bob', name: 'bob', enabled: false });
  });

  it('can always be the caller', async () => {
    const answer = await ask(path + id('ann'), { authorizer: failing(new Error('unexpected access review')) });
    expect([answer.status, answer.json<User>().email]).toEqual([200, 'ann@example.com']);
  });

  it('is distinguishable from a missing user only with the right', async () => {
    const answers = ['bob', 'nobody'].map((name) => ask(path + id(name), { authorizer: allowing() }));
    const [there, missing] = await Promise.all(answers);
    expect([there?.status, there?.text]).toEqual([403, missing?.text]);
    expect((await ask(path + id('nobody'))).json()).toEqual({ code: 5, message: 'user not found', details: [] });
  });
});

describe('/current-user', () => {
  it('is the user of the token', async () => {
    const answer = await ask('/current-user', { authorizer: failing(new Error('unexpected access review')) });
    expect(answer.json<CurrentUser>()).toMatchObject({ uid: ann.uid, username: 'ann', email: 'ann@example.com' });
  });
});

describe.each(['/users', '/users/x', '/users/username/x', '/current-user'])('%s', (path) => {
  it('requires a token', async () => {
    const { get } = await createPlatform();
    const answer = await get(base + path);
    expect([answer.status, answer.headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer realm="ghippo.io"']);
  });

  it('allows only GET and HEAD', async () => {
    const { get } = await createPlatform();
    const answer = await get(base + path, {}, 'DELETE');
    expect([answer.status, answer.headers.get('Allow')]).toEqual([405, 'GET, HEAD']);
  });
});

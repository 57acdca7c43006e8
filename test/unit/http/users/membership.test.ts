import { beforeAll, describe, expect, it } from 'vitest';
import { createUserDirectory } from '../../../../src/users/directory.ts';
import type { User } from '../../../../src/users/schema.ts';
import { accessKey, caches } from '../../../support/builders.ts';
import { expectContract } from '../../../support/contract.ts';
import { allowing, createPlatform, failing } from '../support.ts';

const base = '/apis/ghippo.io/v1alpha1';
const ann = accessKey({ groups: ['ops', 'Dev', 'developers'] });
const bob = accessKey({ name: 'bob', user: 'bob' });
const named = accessKey({ name: 'groups', user: 'groups' });
const users = createUserDirectory(caches({ accessKeys: [ann, bob, named] }));
const groupsOf = (name: string) => `/users/uid-of-shop-${name}/groups`;

let token: string;
beforeAll(async () => {
  token = await (await createPlatform({ of: ann })).token();
});

async function ask(path: string, change: Parameters<typeof createPlatform>[0] = {}) {
  const { get } = await createPlatform({ of: ann, users, ...change });
  return get(base + path, { authorization: `Bearer ${token}` });
}

describe('the groups of a user', () => {
  it.each([
    ['', ['Dev', 'developers', 'ops'], { page: 1, pageSize: 10, total: 3 }],
    ['?search=&page=0&pageSize=', ['Dev', 'developers', 'ops'], { page: 1, pageSize: 10, total: 3 }],
    ['?search=dev', ['Dev', 'developers'], { page: 1, pageSize: 10, total: 2 }],
    ['?page=2&pageSize=2', ['ops'], { page: 2, pageSize: 2, total: 3 }],
    ['?page=9', [], { page: 9, pageSize: 10, total: 3 }],
  ])('are searched and paged in the form of the reference: %s', async (query, names, pagination) => {
    const answer = await ask(groupsOf('ann') + query, { authorizer: failing(new Error('unexpected access review')) });
    expect(answer.status).toBe(200);
    expectContract('userListUserGroupsResponse', answer.json());
    expect(answer.json()).toEqual({ items: names.map((name) => ({ id: name, name })), pagination });
  });

  it('are empty if the AccessKey names none', async () => {
    const answer = await ask(groupsOf('bob'));
    expect(answer.json()).toEqual({ items: [], pagination: { page: 1, pageSize: 10, total: 0 } });
  });

  it('of another user need permission to get AccessKeys', async () => {
    const answers = ['bob', 'nobody'].map((name) => ask(groupsOf(name), { authorizer: allowing() }));
    const [existing, missing] = await Promise.all(answers);
    expect([existing?.status, existing?.text]).toEqual([403, missing?.text]);
    expect((await ask(groupsOf('nobody'))).json()).toMatchObject({ code: 5, message: 'user not found' });
  });

  it('reject an invalid page', async () => {
    const answer = await ask(`${groupsOf('ann')}?page=x`);
    expect([answer.status, answer.json().message]).toEqual([400, 'page: must be a whole number from 0 to 1000']);
  });

  it('do not hide a user named "groups"', async () => {
    expect((await ask('/users/username/groups')).json<User>().name).toBe('groups');
  });
});

describe('the roles of a user', () => {
  const subjectsOf = (name: string) => groupsOf(name).replace(/groups$/, 'subjects');

  it('are empty, in the form of the reference', async () => {
    const answer = await ask(`${subjectsOf('ann')}?search=x&page=2&pageSize=`);
    expectContract('userListUserSubjectResponse', answer.json());
    expect(answer.json()).toEqual({ items: [], pagination: { page: 2, pageSize: 10, total: 0 } });
  });

  it('of another user need permission to get AccessKeys', async () => {
    expect((await ask(subjectsOf('bob'), { authorizer: allowing() })).status).toBe(403);
    expect((await ask(subjectsOf('bob'))).status).toBe(200);
    expect((await ask(subjectsOf('nobody'))).status).toBe(404);
  });

  it('reject an invalid page', async () => {
    expect((await ask(`${subjectsOf('ann')}?pageSize=-1`)).status).toBe(400);
  });
});

describe('/current-user/global-permissions', () => {
  it.each([
    ['with', allowing('*'), ['ListUser', 'GetAboutPlatform']],
    ['without', allowing(), ['GetAboutPlatform']],
  ])('contains what this API allows a user %s permission to list AccessKeys', async (_, authorizer, permissions) => {
    const answer = await ask('/current-user/global-permissions', { authorizer });
    expectContract('currentuserGetGlobalPermissionsResponse', answer.json());
    expect([answer.status, answer.json()]).toEqual([200, { permissions }]);
  });
});

it.each([groupsOf('ann'), '/current-user/global-permissions'])('%s requires a token', async (path) => {
  const { get } = await createPlatform();
  expect((await get(base + path)).status).toBe(401);
});

/** The users API of a real operator: visibility of users, the contract of the ghippo API, and the inventory of key pairs. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { InventoryRow } from '../../src/inventory/schema.ts';
import type { User, UserList } from '../../src/users/schema.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { expectContract } from '../support/contract.ts';
import {
  type AccessKeyObject,
  accessKeyManifest,
  createNamespace,
  createPair,
  type ErrorAnswer,
  getToken,
  readPair,
  waitReady,
} from '../support/platform.ts';

const base = '/apis/ghippo.io/v1alpha1';
const profile = { email: 'alice@example.com', firstName: 'Alice', lastName: 'Miller', description: 'Shop team' };

let cluster: TestCluster;
let operator: OperatorProcess;
const tokens: Record<string, string> = {};
const ids: Record<string, string> = {};

beforeAll(async () => {
  cluster = await startTestCluster();
  operator = await cluster.startOperator({ access: { cacheSeconds: 1 } });
  const { kubectl } = cluster;
  await createNamespace(kubectl, 'people');
  for (const name of ['alice', 'bob']) {
    const user = name === 'alice' ? { name, ...profile } : { name };
    tokens[name] = await getToken(operator.url, await createPair(kubectl, accessKeyManifest('people', name, { user })));
    ids[name] = (await waitReady(kubectl, 'people', name)).status.userID ?? '';
  }
  await kubectl.run(['create', 'clusterrolebinding', 'bob', '--clusterrole=accesskey-viewer', '--user=bob']);
});
afterAll(() => cluster?.stop());

async function ask<T>(name: string, path: string) {
  const answer = await fetch(`${operator.url}${base}${path}`, { headers: { authorization: `Bearer ${tokens[name]}` } });
  return { status: answer.status, body: (await answer.json()) as T };
}

/** Waits until the cached decision expires and bob's permission takes effect. */
const bobSees = (path: string) =>
  poll('the permission of bob', async () => {
    const { status, body } = await ask<UserList>('bob', path);
    return status === 200 ? body : undefined;
  });

describe('users', () => {
  test('are listed in the form of the reference with permission to list AccessKeys', async () => {
    const list = await bobSees('/users?search=LI&pageSize=5');
    expectContract('userListUsersResponse', list);
    expect(list.pagination).toEqual({ page: 1, pageSize: 5, total: 1 });
    const { metadata } = await cluster.kubectl.get<AccessKeyObject & { metadata: { creationTimestamp: string } }>(
      'accesskey',
      'alice',
      '-n',
      'people',
    );
    expect(list.items).toMatchObject([
      {
        id: metadata.uid,
        name: 'alice',
        email: 'alice@example.com',
        firstname: 'Alice',
        lastname: 'Miller',
        description: 'Shop team',
        enabled: true,
        source: 'locale',
        createdAt: String(Date.parse(metadata.creationTimestamp)),
      },
    ]);
  });

  test('are paged and ordered by name', async () => {
    const pages = [await bobSees('/users?page=1&pageSize=1'), await bobSees('/users?page=2&pageSize=1')];
    expect(pages.map(({ items }) => items.map(({ name }) => name))).toEqual([['alice'], ['bob']]);
  });

  test('are not shown without permission', async () => {
    for (const path of ['/users', `/users/${ids.bob}`, '/users/username/bob', '/users/nobody']) {
      const { status, body } = await ask<ErrorAnswer>('alice', path);
      expect([path, status, body.code]).toEqual([path, 403, 7]);
    }
  });

  test('can see themselves', async () => {
    const current = await ask('alice', '/current-user');
    expectContract('v1alpha1currentuserGetUserResponse', current.body);
    expect(current.body).toMatchObject({ uid: ids.alice, username: 'alice', email: 'alice@example.com' });
    const [byId, byName] = [
      await ask<User>('alice', `/users/${ids.alice}`),
      await ask('alice', '/users/username/alice'),
    ];
    expectContract('v1alpha1userGetUserResponse', byId.body);
    expect(byName.body).toEqual(byId.body);
  });

  test('have the last use and follow a change of the AccessKey', async () => {
    // The last use is written when the operator stops, and otherwise every minute.
    await operator.stop();
    operator = await cluster.startOperator({ access: { cacheSeconds: 1 } });
    const used = await poll('the last use', async () => {
      const { body } = await ask<User>('alice', `/users/${ids.alice}`);
      return body.lastLoginAt === '0' ? undefined : body;
    });
    expect(Number(used.lastLoginAt)).toBeGreaterThanOrEqual(Number(used.createdAt));
    const patch = JSON.stringify({ spec: { user: { description: 'Store team' } } });
    await cluster.kubectl.run(['patch', 'accesskey', 'alice', '-n', 'people', '--type=merge', '-p', patch]);
    const changed = await poll('the change', async () => {
      const { body } = await ask<User>('alice', `/users/${ids.alice}`);
      return body.description === 'Store team' ? body : undefined;
    });
    expect(Number(changed.updatedAt)).toBeGreaterThan(Number(changed.createdAt));
    expect(Number(changed.updatedAt)).toBeGreaterThanOrEqual(Number(used.updatedAt));
  });

  test('do not include AccessKeys whose user is held by another one', async () => {
    await createNamespace(cluster.kubectl, 'others');
    const user = { name: 'alice', email: 'mallory@example.com' };
    await cluster.kubectl.apply(accessKeyManifest('others', 'alice', { user, keyPairs: [] }));
    await cluster.kubectl.apply(accessKeyManifest('others', 'carol', { user: { name: 'carol' }, suspended: true }));
    await poll('carol', async () => (await bobSees('/users?search=carol')).items.length === 1);
    expect((await bobSees('/users?search=mallory')).items).toEqual([]);
    expect((await bobSees('/users?search=carol')).items).toMatchObject([{ enabled: false }]);
  });
});

describe('the inventory of key pairs', () => {
  interface Inventory {
    items: InventoryRow[];
    pagination: { total: number };
  }
  const csv = (name: string, headers: Record<string, string> = {}) =>
    fetch(`${operator.url}${base}/keypairs`, {
      headers: { authorization: `Bearer ${tokens[name]}`, accept: 'text/csv', ...headers },
    });

  test('has the owner, age, last use and expiry of each key pair, as in the cluster', async () => {
    const { items, pagination } = (await ask<Inventory>('bob', '/keypairs?namespace=people&pageSize=500')).body;
    expect(pagination.total).toBe(2);
    const { status } = await waitReady(cluster.kubectl, 'people', 'alice');
    const pair = status.keyPairs?.[0];
    expect(items[0]).toMatchObject({
      accessKey: 'alice',
      keyPair: 'main',
      user: 'alice',
      state: 'Active',
      ak: pair?.accessKey,
      createdAt: pair?.createdAt,
      ageDays: 0,
      lastUsedAt: pair?.lastUsedTime,
      lastClientAddress: pair?.lastClientAddress,
      expiresAt: '',
      lastChangedBy: '',
      lastChangedWith: 'kubectl-patch',
    });
  });

  test('names the user for whom the operator made the last change', async () => {
    // Not with kubectl apply, which would manage the list of key pairs.
    const manifest = accessKeyManifest('people', 'erin', { user: { name: 'erin' } });
    await cluster.kubectl.run(['create', '-f', '-'], JSON.stringify(manifest));
    await waitReady(cluster.kubectl, 'people', 'erin');
    const token = await getToken(operator.url, await readPair(cluster.kubectl, 'people', 'erin-main'));
    const body = JSON.stringify({ name: 'report', expiredAt: new Date(Date.now() + 86_400_000).toISOString() });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const created = await fetch(`${operator.url}${base}/current-user/accesstoken`, { method: 'POST', headers, body });
    expect(created.status).toBe(200);
    const rows = async () => (await ask<Inventory>('bob', '/keypairs?search=report')).body.items;
    const changed = { lastChangedBy: 'erin', lastChangedWith: 'accesskey-operator-api' };
    await expect.poll(rows).toMatchObject([changed]);
    expect(Date.parse((await rows())[0]?.expiresAt ?? '')).toBeGreaterThan(Date.now());
  });

  test('is a CSV file, with neutralized formulas and an entity tag', async () => {
    await cluster.kubectl.apply(accessKeyManifest('others', 'formula', { user: { name: '=1+1' } }));
    await waitReady(cluster.kubectl, 'others', 'formula');
    const answer = await csv('bob');
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    const lines = (await answer.text()).trimEnd().split('\r\n');
    expect(lines.map((line) => line.split(',').slice(0, 6).join())).toEqual([
      'namespace,accessKey,keyPair,user,groups,state',
      'others,carol,main,carol,,Disabled',
      "others,formula,main,'=1+1,,Active",
      'people,alice,main,alice,,Active',
      'people,bob,main,bob,,Active',
      'people,erin,main,erin,,Active',
      'people,erin,report,erin,,Active',
    ]);
    expect((await csv('bob', { 'if-none-match': answer.headers.get('etag') ?? '' })).status).toBe(304);
  });

  test('contains only namespaces whose AccessKeys the user may list', async () => {
    expect((await csv('alice')).status).toBe(403);
    await cluster.kubectl.run([
      'create',
      'rolebinding',
      'alice',
      '-n',
      'others',
      '--clusterrole=accesskey-viewer',
      '--user=alice',
    ]);
    const { items } = await poll('the permission of alice', async () => {
      const { status, body } = await ask<Inventory>('alice', '/keypairs');
      return status === 200 ? body : undefined;
    });
    expect(items.map(({ namespace, accessKey }) => `${namespace}/${accessKey}`)).toEqual([
      'others/carol',
      'others/formula',
    ]);
    expect((await ask('alice', '/keypairs?namespace=people')).status).toBe(403);
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import {
  type AccessKeyObject,
  accessKeyManifest,
  conditionOf,
  createNamespace,
  createPair,
  eventReasons,
  getToken,
  pairStops,
  readPair,
  waitObserved,
  waitReady,
} from '../support/platform.ts';

let cluster: TestCluster;
let kubectl: Kubectl;
let operator: OperatorProcess;

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  operator = await cluster.startOperator({ access: { cacheSeconds: 1 } });
  await createNamespace(kubectl, 'people');
});
afterAll(() => cluster?.stop());

const get = (name: string, namespace = 'people') => kubectl.get<AccessKeyObject>('accesskey', name, '-n', namespace);
const patch = (name: string, change: object, type = 'merge') =>
  kubectl.run(['patch', 'accesskey', name, '-n', 'people', `--type=${type}`, '-p', JSON.stringify(change)]);
const observed = (name: string) => waitObserved(kubectl, 'people', name);

describe('a Secret that the operator does not own', () => {
  test('blocks the key pair and stays unchanged; the pair is created once the Secret is deleted', async () => {
    await kubectl.run(['create', 'secret', 'generic', 'theirs-main', '-n', 'people', '--from-literal=password=p']);
    const before = await kubectl.get('secret', 'theirs-main', '-n', 'people');
    await kubectl.apply(accessKeyManifest('people', 'theirs'));
    const accessKey = await observed('theirs');
    expect(conditionOf(accessKey, 'Ready')).toMatchObject({ status: 'False', reason: 'SecretConflict' });
    expect(conditionOf(accessKey, 'Stalled')?.message).toContain('theirs-main');
    expect(accessKey.status.keyPairs).toEqual([{ name: 'main', secretName: 'theirs-main', state: 'Conflict' }]);
    expect(await kubectl.get('secret', 'theirs-main', '-n', 'people')).toEqual(before);
    await poll('the Event', async () => (await eventReasons(kubectl, 'people', 'theirs')).includes('SecretConflict'));
    await kubectl.run(['delete', 'secret', 'theirs-main', '-n', 'people']);
    // An edit makes the controller check again before the 30 seconds are over.
    await patch('theirs', { spec: { keyPairs: [{ name: 'main', enabled: true, expiresAt: '2099-01-01T00:00:00Z' }] } });
    await getToken(operator.url, await poll('the Secret', () => readPair(kubectl, 'people', 'theirs-main')));
    expect(conditionOf(await waitReady(kubectl, 'people', 'theirs'), 'Stalled')).toBeUndefined();
  });

  test.each([
    ['long', 'x'.repeat(40_000)],
    ['wide', '一'.repeat(32_000)],
    ['raw', '\u202e\u001b[31mREADY\u001b[0m\nKeyPairsReady <b>'],
  ])('is reported in one line of bounded length, whatever the name of its owner: %s', async (name, owner) => {
    const reference = { apiVersion: 'none.example/v1', kind: 'Nothing', name: owner, uid: 'u', controller: true };
    const metadata = { name: `${name}-main`, namespace: 'people', ownerReferences: [reference] };
    await kubectl.run(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata }));
    await kubectl.apply(accessKeyManifest('people', name));
    const ready = conditionOf(await observed(name), 'Ready');
    expect(ready).toMatchObject({ status: 'False', reason: 'SecretConflict' });
    expect(ready?.message.length).toBeLessThan(600);
    expect(ready?.message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    await poll('the Event', async () => (await eventReasons(kubectl, 'people', name)).includes('SecretConflict'));
    await kubectl.run(['delete', 'accesskey', name, '-n', 'people']);
    await kubectl.run(['delete', 'secret', `${name}-main`, '-n', 'people']);
  });

  test('belongs to the AccessKey that had it first, also after it was deleted', async () => {
    // Both want the Secret a-b-c.
    const first = await createPair(kubectl, accessKeyManifest('people', 'a-b', { keyPairs: [{ name: 'c' }] }));
    await kubectl.apply(accessKeyManifest('people', 'a', { keyPairs: [{ name: 'b-c' }] }));
    const advice = 'belongs to AccessKey a-b (key pair c); set another secret.name';
    expect(conditionOf(await observed('a'), 'Stalled')?.message).toContain(advice);
    await kubectl.run(['delete', 'secret', 'a-b-c', '-n', 'people']);
    const second = await poll('the new Secret', () => readPair(kubectl, 'people', 'a-b-c'));
    expect(second.ak).not.toBe(first.ak);
    await getToken(operator.url, second);
    expect((await waitReady(kubectl, 'people', 'a-b')).status.keyPairs).toMatchObject([{ accessKey: second.ak }]);
    expect(conditionOf(await observed('a'), 'Stalled')?.message).toContain(advice);
    // The name becomes free with its owner.
    await kubectl.run(['delete', 'accesskey', 'a-b', '-n', 'people']);
    await kubectl.run(['delete', 'secrets', '-n', 'people', '-l', 'ghippo.io/access-key=a-b']);
    await waitReady(kubectl, 'people', 'a');
    await getToken(operator.url, await readPair(kubectl, 'people', 'a-b-c'));
  });

  test('gets no tokens with forged labels and ownerReferences', async () => {
    await createPair(kubectl, accessKeyManifest('people', 'victim'));
    await createNamespace(kubectl, 'attacker');
    const { metadata } = await get('victim');
    const forged = { ak: '11111111-1111-4111-8111-111111111111', sk: '22222222-2222-4222-8222-222222222222' };
    const owner = { apiVersion: 'ghippo.io/v1alpha1', kind: 'AccessKey', name: 'victim', controller: true };
    for (const namespace of ['attacker', 'people']) {
      await kubectl.apply({
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'ghippo.io/access-key',
        metadata: {
          namespace,
          name: 'forged',
          labels: {
            'app.kubernetes.io/managed-by': 'accesskey-operator',
            'ghippo.io/access-key': 'victim',
            'ghippo.io/key-pair': 'main',
          },
          // No owner in the victim's namespace: whoever can set one there can read the real pair anyway.
          ...(namespace === 'attacker' && { ownerReferences: [{ ...owner, uid: metadata.uid }] }),
        },
        stringData: forged,
      });
    }
    const marker = await createPair(kubectl, accessKeyManifest('people', 'marker'));
    await getToken(operator.url, marker);
    const answer = await fetch(`${operator.url}/apis/ghippo.io/v1alpha1/token?ak=${forged.ak}&sk=${forged.sk}`);
    expect(answer.status).toBe(401);
  });

  test('with a copy of a pair neither locks out its user nor changes the user of a token', async () => {
    const pair = await createPair(kubectl, accessKeyManifest('people', 'copied'));
    await createPair(kubectl, accessKeyManifest('people', 'copier'));
    await kubectl.run(['patch', 'secret', 'copier-main', '-n', 'people', '-p', JSON.stringify({ stringData: pair })]);
    await poll('the copy in status', async () => (await get('copier')).status.keyPairs?.[0]?.accessKey === pair.ak);
    const [, payload = ''] = (await getToken(operator.url, pair)).split('.');
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({ preferred_username: 'copied' });
  });
});

describe('two AccessKeys of one user', () => {
  test('the older one holds the user until it is deleted, then the other takes over', async () => {
    const user = { name: 'shared' };
    const pair = await createPair(kubectl, accessKeyManifest('people', 'first', { user }));
    await new Promise((resolve) => setTimeout(resolve, 1_100)); // creationTimestamp has a resolution of one second.
    await kubectl.apply(accessKeyManifest('people', 'another', { user }));
    const loser = await observed('another');
    expect(conditionOf(loser, 'Stalled')).toMatchObject({ reason: 'UserClaimed' });
    expect(conditionOf(loser, 'Stalled')?.message).toContain('people/first');
    expect(await kubectl.run(['get', 'secrets', '-n', 'people', '-o', 'name'])).not.toContain('another-main');
    await getToken(operator.url, pair);
    await kubectl.run(['delete', 'accesskey', 'first', '-n', 'people']);
    await pairStops(operator.url, pair);
    await waitReady(kubectl, 'people', 'another');
    await getToken(operator.url, await readPair(kubectl, 'people', 'another-main'));
  });

  test('a pair that is removed while the older one holds the user, and added again, gets new keys', async () => {
    const user = { name: 'twice' };
    await operator.stop();
    await createNamespace(kubectl, 'elsewhere');
    await kubectl.apply(accessKeyManifest('elsewhere', 'older', { user }));
    await new Promise((resolve) => setTimeout(resolve, 1_100)); // As above.
    // An operator of one namespace does not know the older one.
    operator = await cluster.startOperator({ watchNamespace: 'people' });
    const pair = await createPair(kubectl, accessKeyManifest('people', 'younger', { user }));
    await operator.stop();
    operator = await cluster.startOperator();
    await poll('the conflict', async () => conditionOf(await get('younger'), 'Stalled')?.reason === 'UserClaimed');
    await patch('younger', { spec: { keyPairs: [] } });
    expect((await observed('younger')).status.keyPairs).toMatchObject([{ state: 'Conflict', removed: true }]);
    await patch('younger', { spec: { keyPairs: [{ name: 'main' }] } });
    await observed('younger');
    await kubectl.run(['delete', 'accesskey', 'older', '-n', 'elsewhere']);
    await waitReady(kubectl, 'people', 'younger');
    await getToken(operator.url, await readPair(kubectl, 'people', 'younger-main'));
    await pairStops(operator.url, pair);
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import {
  type AccessKeyObject,
  accessKeyManifest,
  createNamespace,
  createPair,
  eventReasons,
  getToken,
  listDeployments,
  pairStops,
  readPair,
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
const condition = (accessKey: AccessKeyObject, type: string) =>
  accessKey.status.conditions?.find((one) => one.type === type);
const patch = (name: string, change: object, type = 'merge') =>
  kubectl.run(['patch', 'accesskey', name, '-n', 'people', `--type=${type}`, '-p', JSON.stringify(change)]);

/** Waits until status speaks of the newest spec, then gives the AccessKey. */
async function observed(name: string): Promise<AccessKeyObject> {
  return poll(`the status of ${name}`, async () => {
    const accessKey = await get(name);
    return accessKey.status.observedGeneration === accessKey.metadata.generation && accessKey;
  });
}

describe('a pair stops, and its tokens with it', () => {
  /** A pair that works and a token of it; `stop` makes it stop. */
  async function stops(name: string, stop: () => Promise<unknown>, namespace = 'people') {
    const pair = await createPair(kubectl, accessKeyManifest(namespace, name));
    const token = await getToken(operator.url, pair);
    expect((await listDeployments(operator.url, token)).status, 'a live token').toBe(403);
    await stop();
    await pairStops(operator.url, pair);
    expect((await listDeployments(operator.url, token)).status, 'a token of a stopped pair').toBe(401);
    return pair;
  }

  test('when it is disabled; enabled again it works as before', async () => {
    const pair = await stops('disabled', () =>
      patch('disabled', { spec: { keyPairs: [{ name: 'main', enabled: false }] } }),
    );
    expect((await observed('disabled')).status.keyPairs?.[0]?.state).toBe('Disabled');
    await patch('disabled', { spec: { keyPairs: [{ name: 'main', enabled: true }] } });
    await getToken(operator.url, pair);
    expect(await readPair(kubectl, 'people', 'disabled-main')).toEqual(pair);
  });

  test('when it expires, by the clock alone', async () => {
    await stops('expired', async () => {
      const expiresAt = `${new Date(Date.now() + 2_000).toISOString().slice(0, 19)}Z`;
      await patch('expired', { spec: { keyPairs: [{ name: 'main', expiresAt }] } });
    });
    await poll('status Expired', async () => (await get('expired')).status.keyPairs?.[0]?.state === 'Expired');
    await poll('the Event', async () => (await eventReasons(kubectl, 'people', 'expired')).includes('KeyPairExpired'));
  });

  test('when its AccessKey is deleted', async () => {
    await stops('deleted', () => kubectl.run(['delete', 'accesskey', 'deleted', '-n', 'people']));
    const gone = async () =>
      !(await kubectl.run(['get', 'secrets', '-n', 'people', '-o', 'name'])).includes('deleted-main');
    // The garbage collector looks for new kinds every half minute, and AccessKey is one here.
    await poll('the garbage collection of the Secret', gone, 90_000);
  }, 120_000);

  test('when its AccessKey is only marked for deletion', async () => {
    const hold = { metadata: { finalizers: ['test.example/hold'] } };
    await stops('marked', async () => {
      await patch('marked', hold);
      await kubectl.run(['delete', 'accesskey', 'marked', '-n', 'people', '--wait=false']);
    });
    expect(await kubectl.run(['get', 'secret', 'marked-main', '-n', 'people', '-o', 'name'])).toContain('marked-main');
    await patch('marked', { metadata: { finalizers: null } });
  });

  test('when its namespace terminates, before anything in it is deleted', async () => {
    await createNamespace(kubectl, 'leaving');
    // A finalizer on the AccessKey holds the namespace in Terminating, and the Secret may stay as long as it likes.
    const manifest = accessKeyManifest('leaving', 'lodger');
    Object.assign(manifest.metadata, { finalizers: ['test.example/hold'] });
    await createPair(kubectl, manifest);
    await kubectl.run(['create', 'configmap', 'held', '-n', 'leaving']);
    const held = ['patch', 'configmap', 'held', '-n', 'leaving', '--type=merge', '-p'];
    await kubectl.run([...held, '{"metadata":{"finalizers":["test.example/hold"]}}']);
    await stops('guest', () => kubectl.run(['delete', 'namespace', 'leaving', '--wait=false']), 'leaving');
    await kubectl.run([...held, '{"metadata":{"finalizers":null}}']);
    await kubectl.run([
      'patch',
      'accesskey',
      'lodger',
      '-n',
      'leaving',
      '--type=merge',
      '-p',
      '{"metadata":{"finalizers":null}}',
    ]);
    await kubectl.run(['wait', '--for=delete', 'namespace/leaving', '--timeout=60s']);
  });

  test('when it is removed from the spec, and its Secret goes', async () => {
    await stops('removed', () => patch('removed', { spec: { keyPairs: [] } }));
    await poll('the Secret to go', async () => {
      const names = await kubectl.run(['get', 'secrets', '-n', 'people', '-o', 'name']);
      return !names.includes('removed-main');
    });
    expect(condition(await observed('removed'), 'Ready')?.status).toBe('True');
  });
});

describe('a pair is never regenerated unasked', () => {
  test('a Secret deleted by hand comes back with a new pair, and an Event says so', async () => {
    const before = await createPair(kubectl, accessKeyManifest('people', 'gone'));
    await kubectl.run(['delete', 'secret', 'gone-main', '-n', 'people']);
    const after = await poll('the new Secret', () => readPair(kubectl, 'people', 'gone-main'));
    expect(after.ak).not.toBe(before.ak);
    await getToken(operator.url, after);
    await pairStops(operator.url, before);
    await poll('status with the new ak', async () => (await get('gone')).status.keyPairs?.[0]?.accessKey === after.ak);
    await poll('the Event', async () => (await eventReasons(kubectl, 'people', 'gone')).includes('KeyPairRegenerated'));
  });

  test('lost labels come back, the pair stays and works again', async () => {
    const pair = await createPair(kubectl, accessKeyManifest('people', 'unlabelled'));
    await kubectl.run([
      'label',
      'secret',
      'unlabelled-main',
      '-n',
      'people',
      'app.kubernetes.io/managed-by-',
      'ghippo.io/access-key-',
      'ghippo.io/key-pair-',
    ]);
    await poll('the labels', async () => {
      const selector = '-l=app.kubernetes.io/managed-by=accesskey-operator,ghippo.io/key-pair=main';
      return (await kubectl.run(['get', 'secrets', selector, '-n', 'people', '-o', 'name'])).includes(
        'unlabelled-main',
      );
    });
    expect(await readPair(kubectl, 'people', 'unlabelled-main')).toEqual(pair);
    await getToken(operator.url, pair);
  });

  test('a malformed sk is made anew in the same Secret, other keys in it stay, an Event names the key', async () => {
    const before = await createPair(kubectl, accessKeyManifest('people', 'broken'));
    const change = { stringData: { sk: 'not a key', note: 'mine' } };
    await kubectl.run(['patch', 'secret', 'broken-main', '-n', 'people', '-p', JSON.stringify(change)]);
    const after = await poll('a well-formed pair', async () => {
      const pair = await readPair(kubectl, 'people', 'broken-main');
      return pair.sk !== 'not a key' && pair;
    });
    expect(after.ak).not.toBe(before.ak);
    const { data } = await kubectl.get<{ data: Record<string, string> }>('secret', 'broken-main', '-n', 'people');
    expect(Buffer.from(data.note ?? '', 'base64').toString()).toBe('mine');
    const selector = '--field-selector=reason=KeyPairRegenerated,involvedObject.name=broken';
    await poll('the Event', async () =>
      (await kubectl.run(['get', 'events', '-n', 'people', selector, '-o', 'jsonpath={.items[*].message}'])).includes(
        'no well-formed sk',
      ),
    );
  });

  test('another name for the Secret moves the pair over', async () => {
    const pair = await createPair(kubectl, accessKeyManifest('people', 'moved'));
    await patch('moved', { spec: { keyPairs: [{ name: 'main', secret: { name: 'new-name' } }] } });
    await poll('the old Secret to go', async () => {
      const names = await kubectl.run(['get', 'secrets', '-n', 'people', '-o', 'name']);
      return names.includes('secret/new-name') && !names.includes('moved-main');
    });
    expect(await readPair(kubectl, 'people', 'new-name')).toEqual(pair);
    await getToken(operator.url, pair);
  });

  test('a restart writes nothing', async () => {
    await createPair(kubectl, accessKeyManifest('people', 'steady'));
    const versions = async () => {
      const kinds = await kubectl.get<{ items: AccessKeyObject[] }>('accesskeys,secrets', '-A');
      return kinds.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name} ${metadata.resourceVersion}`);
    };
    // At its end an operator notes the last uses.
    expect(await operator.stop()).toBe(0);
    const before = await versions();
    operator = await cluster.startOperator({ access: { cacheSeconds: 1 } });
    await poll('the first pass', async () => operator.output.some((line) => line.includes('"msg":"reconciling"')));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await versions()).toEqual(before);
  });
});

describe('what is not ours is not touched', () => {
  test('a foreign Secret of the name stays as it is; once it goes, the pair is made', async () => {
    await kubectl.run(['create', 'secret', 'generic', 'theirs-main', '-n', 'people', '--from-literal=password=p']);
    const before = await kubectl.get('secret', 'theirs-main', '-n', 'people');
    await kubectl.apply(accessKeyManifest('people', 'theirs'));
    const accessKey = await observed('theirs');
    expect(condition(accessKey, 'Ready')).toMatchObject({ status: 'False', reason: 'SecretConflict' });
    expect(condition(accessKey, 'Stalled')?.message).toContain('theirs-main');
    expect(accessKey.status.keyPairs).toEqual([{ name: 'main', secretName: 'theirs-main', state: 'Conflict' }]);
    expect(await kubectl.get('secret', 'theirs-main', '-n', 'people')).toEqual(before);
    await poll('the Event', async () => (await eventReasons(kubectl, 'people', 'theirs')).includes('SecretConflict'));
    await kubectl.run(['delete', 'secret', 'theirs-main', '-n', 'people']);
    // An edit is one way to have it looked at before the half minute is over.
    await patch('theirs', { spec: { keyPairs: [{ name: 'main', enabled: true, expiresAt: '2099-01-01T00:00:00Z' }] } });
    await getToken(operator.url, await poll('the Secret', () => readPair(kubectl, 'people', 'theirs-main')));
    expect(condition(await waitReady(kubectl, 'people', 'theirs'), 'Stalled')).toBeUndefined();
  });

  test("a Secret that only claims to be ours cannot get tokens of anybody's name", async () => {
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
          // In the victim's own namespace without an owner: whoever can set one there can read the pair itself.
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

  test('a copied Secret neither locks the owner out nor changes whom the token names', async () => {
    const pair = await createPair(kubectl, accessKeyManifest('people', 'copied'));
    await createPair(kubectl, accessKeyManifest('people', 'copier'));
    await kubectl.run(['patch', 'secret', 'copier-main', '-n', 'people', '-p', JSON.stringify({ stringData: pair })]);
    await poll('the copy in status', async () => (await get('copier')).status.keyPairs?.[0]?.accessKey === pair.ak);
    const [, payload = ''] = (await getToken(operator.url, pair)).split('.');
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({ preferred_username: 'copied' });
  });
});

describe('one user, one AccessKey', () => {
  test('the oldest holds the claim; when it goes, the next takes over', async () => {
    const user = { name: 'shared' };
    const pair = await createPair(kubectl, accessKeyManifest('people', 'first', { user }));
    await new Promise((resolve) => setTimeout(resolve, 1_100)); // creationTimestamp counts whole seconds
    await kubectl.apply(accessKeyManifest('people', 'another', { user }));
    const loser = await observed('another');
    expect(condition(loser, 'Stalled')).toMatchObject({ reason: 'UserClaimed' });
    expect(condition(loser, 'Stalled')?.message).toContain('people/first');
    expect(await kubectl.run(['get', 'secrets', '-n', 'people', '-o', 'name'])).not.toContain('another-main');
    await getToken(operator.url, pair);
    await kubectl.run(['delete', 'accesskey', 'first', '-n', 'people']);
    await pairStops(operator.url, pair);
    await waitReady(kubectl, 'people', 'another');
    await getToken(operator.url, await readPair(kubectl, 'people', 'another-main'));
  });
});

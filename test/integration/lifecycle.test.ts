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
  listDeployments,
  pairStops,
  readPair,
  waitObserved,
} from '../support/platform.ts';
import { untilReconciled } from '../support/reconciliation.ts';

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

describe('a key pair and its tokens stop working', () => {
  /** Creates a working pair and a token, runs `stop` and checks that neither works after it. */
  async function expectStopped(name: string, stop: () => Promise<unknown>, namespace = 'people') {
    const pair = await createPair(kubectl, accessKeyManifest(namespace, name));
    const token = await getToken(operator.url, pair);
    expect((await listDeployments(operator.url, token)).status, 'a live token').toBe(403);
    await stop();
    await pairStops(operator.url, pair);
    expect((await listDeployments(operator.url, token)).status, 'a token of a stopped pair').toBe(401);
    return pair;
  }

  test('when the pair is disabled, until it is enabled again', async () => {
    const pair = await expectStopped('disabled', () =>
      patch('disabled', { spec: { keyPairs: [{ name: 'main', enabled: false }] } }),
    );
    expect((await observed('disabled')).status.keyPairs?.[0]?.state).toBe('Disabled');
    await patch('disabled', { spec: { keyPairs: [{ name: 'main', enabled: true }] } });
    await getToken(operator.url, pair);
    expect(await readPair(kubectl, 'people', 'disabled-main')).toEqual(pair);
  });

  test('when the pair expires', async () => {
    await expectStopped('expired', async () => {
      const expiresAt = `${new Date(Date.now() + 2_000).toISOString().slice(0, 19)}Z`;
      await patch('expired', { spec: { keyPairs: [{ name: 'main', expiresAt }] } });
    });
    await poll('status Expired', async () => (await get('expired')).status.keyPairs?.[0]?.state === 'Expired');
    await poll('the Event', async () => (await eventReasons(kubectl, 'people', 'expired')).includes('KeyPairExpired'));
  });

  test('when the AccessKey is deleted', async () => {
    await expectStopped('deleted', () => kubectl.run(['delete', 'accesskey', 'deleted', '-n', 'people']));
    const gone = async () =>
      !(await kubectl.run(['get', 'secrets', '-n', 'people', '-o', 'name'])).includes('deleted-main');
    // The garbage collector discovers new kinds such as AccessKey every 30 seconds.
    await poll('the garbage collection of the Secret', gone);
  });

  test('when the AccessKey is marked for deletion', async () => {
    const hold = { metadata: { finalizers: ['test.example/hold'] } };
    await expectStopped('marked', async () => {
      await patch('marked', hold);
      await kubectl.run(['delete', 'accesskey', 'marked', '-n', 'people', '--wait=false']);
    });
    await poll('the condition', async () => conditionOf(await get('marked'), 'Ready')?.reason === 'Terminating');
    expect(conditionOf(await get('marked'), 'Ready')?.status).toBe('False');
    expect((await get('marked')).status.keyPairs?.map(({ state }) => state)).toEqual(['Disabled']);
    expect(await kubectl.run(['get', 'secret', 'marked-main', '-n', 'people', '-o', 'name'])).toContain('marked-main');
    await patch('marked', { metadata: { finalizers: null } });
  });

  test('when the namespace terminates, before anything in it is deleted', async () => {
    await createNamespace(kubectl, 'leaving');
    // Finalizers keep the namespace in Terminating.
    const manifest = accessKeyManifest('leaving', 'lodger');
    Object.assign(manifest.metadata, { finalizers: ['test.example/hold'] });
    await createPair(kubectl, manifest);
    await kubectl.run(['create', 'configmap', 'held', '-n', 'leaving']);
    const held = ['patch', 'configmap', 'held', '-n', 'leaving', '--type=merge', '-p'];
    await kubectl.run([...held, '{"metadata":{"finalizers":["test.example/hold"]}}']);
    await expectStopped('guest', () => kubectl.run(['delete', 'namespace', 'leaving', '--wait=false']), 'leaving');
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

  test('when the pair is removed from the spec, which deletes its Secret', async () => {
    await expectStopped('removed', () => patch('removed', { spec: { keyPairs: [] } }));
    await poll('the deletion of the Secret', async () => {
      const names = await kubectl.run(['get', 'secrets', '-n', 'people', '-o', 'name']);
      return !names.includes('removed-main');
    });
    expect(conditionOf(await observed('removed'), 'Ready')?.status).toBe('True');
  });
});

describe('a key pair is only regenerated when it has to be', () => {
  test('creates a new pair and an Event when the Secret is deleted', async () => {
    const before = await createPair(kubectl, accessKeyManifest('people', 'gone'));
    await kubectl.run(['delete', 'secret', 'gone-main', '-n', 'people']);
    const after = await poll('the new Secret', () => readPair(kubectl, 'people', 'gone-main'));
    expect(after.ak).not.toBe(before.ak);
    await getToken(operator.url, after);
    await pairStops(operator.url, before);
    await poll('status with the new ak', async () => (await get('gone')).status.keyPairs?.[0]?.accessKey === after.ak);
    await poll('the Event', async () => (await eventReasons(kubectl, 'people', 'gone')).includes('KeyPairRegenerated'));
  });

  test('restores lost labels and keeps the pair', async () => {
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

  test('replaces a pair with a malformed sk, keeps other data of the Secret and names the key in an Event', async () => {
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
        'no valid sk',
      ),
    );
  });

  test('moves the pair when the Secret gets another name in the spec', async () => {
    const pair = await createPair(kubectl, accessKeyManifest('people', 'moved'));
    await patch('moved', { spec: { keyPairs: [{ name: 'main', secret: { name: 'new-name' } }] } });
    await poll('the deletion of the old Secret', async () => {
      const names = await kubectl.run(['get', 'secrets', '-n', 'people', '-o', 'name']);
      return names.includes('secret/new-name') && !names.includes('moved-main');
    });
    expect(await readPair(kubectl, 'people', 'new-name')).toEqual(pair);
    await getToken(operator.url, pair);
  });

  test('writes nothing after a restart', async () => {
    await createPair(kubectl, accessKeyManifest('people', 'steady'));
    const versions = async () => {
      const kinds = await kubectl.get<{ items: AccessKeyObject[] }>('accesskeys,secrets', '-A');
      return kinds.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name} ${metadata.resourceVersion}`);
    };
    // An operator writes the last uses when it stops.
    expect(await operator.stop()).toBe(0);
    const before = await versions();
    operator = await cluster.startOperator({ access: { cacheSeconds: 1 } });
    const { items } = await kubectl.get<{ items: object[] }>('accesskeys', '-A');
    expect(items.length).toBeGreaterThan(0);
    await untilReconciled(operator, items.length);
    expect(await versions()).toEqual(before);
  });
});

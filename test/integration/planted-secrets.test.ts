/** What a former editor of a namespace leaves behind never gets tokens of a user whose AccessKey is created later. */
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
  getToken,
  listDeployments,
  type Pair,
  pairStops,
  readPair,
  tokenUrl,
  waitObserved,
  waitReady,
} from '../support/platform.ts';

const namespace = 'team';
const chosen: Pair = { ak: '3f0f66ac-26c3-4a1f-8f3e-0d9a5d9b9a01', sk: '9e0a6f3e-71f4-4f0f-9d7b-2f40a86dd102' };
let cluster: TestCluster;
let kubectl: Kubectl;
let operator: OperatorProcess;

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  operator = await cluster.startOperator();
  await createNamespace(kubectl, namespace);
  await kubectl.run(['create', 'rolebinding', 'editors', '-n', namespace, '--clusterrole=edit', '--user=mallory']);
});
afterAll(() => cluster?.stop());

const asEditor = (args: string[], manifest?: object) =>
  kubectl.run([...args, '-n', namespace, '--as=mallory'], manifest && JSON.stringify(manifest));
const get = (name: string) => kubectl.get<AccessKeyObject>('accesskey', name, '-n', namespace);
const secretOf = (name: string, pair: Pair, annotations: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  type: 'ghippo.io/access-key',
  metadata: {
    namespace,
    name,
    annotations,
    labels: { 'ghippo.io/access-key': 'admin-bot', 'ghippo.io/key-pair': 'ci' },
  },
  stringData: { ...pair },
});
const statusWith = async (pair: Pair) => (await fetch(tokenUrl(operator.url, pair))).status;

/** An administrator creates the AccessKey of a user with more permissions than mallory has. */
async function createVictim(name: string): Promise<AccessKeyObject> {
  const user = { name: `platform-${name}`, groups: ['platform-admins'] };
  await kubectl.apply(accessKeyManifest(namespace, name, { user, keyPairs: [{ name: 'ci' }] }));
  return waitObserved(kubectl, namespace, name);
}

describe('an AccessKey does not use', () => {
  test('a Secret with a chosen key pair, which only an administrator can mark for adoption', async () => {
    const mark = { 'ghippo.io/adopt': 'admin-bot/ci' };
    const rejected = /mallory may not offer a Secret for adoption/;
    await expect(asEditor(['create', '-f', '-'], secretOf('admin-bot-ci', chosen, mark))).rejects.toThrow(rejected);
    await asEditor(['create', '-f', '-'], secretOf('admin-bot-ci', chosen));
    const stalled = await createVictim('admin-bot');
    expect(conditionOf(stalled, 'Stalled')).toMatchObject({ reason: 'SecretConflict' });
    const annotate = ['annotate', 'secret', 'admin-bot-ci', 'ghippo.io/adopt=admin-bot/ci'];
    await expect(asEditor(annotate)).rejects.toThrow(rejected);
    expect(await statusWith(chosen)).toBe(401);

    await kubectl.run([...annotate, '-n', namespace]);
    await waitReady(kubectl, namespace, 'admin-bot');
    await getToken(operator.url, chosen);
    const event = await poll('the Event', async () => {
      const { items } = await kubectl.get<{ items: { reason: string; type: string; message: string }[] }>(
        'events',
        '-n',
        namespace,
      );
      return items.find(({ reason }) => reason === 'KeyPairAdopted');
    });
    expect(event).toMatchObject({ type: 'Warning', message: expect.stringMatching(/field manager kubectl-annotate$/) });
  });

  test('the Secret of a deleted AccessKey of the same name', async () => {
    const own = accessKeyManifest(namespace, 'report-bot', { user: { name: 'mallory' }, keyPairs: [{ name: 'ci' }] });
    await asEditor(['apply', '-f', '-'], own);
    await waitReady(kubectl, namespace, 'report-bot');
    const pair = await createPair(kubectl, own);
    await asEditor(['delete', 'accesskey', 'report-bot', '--cascade=orphan']);
    const stalled = await createVictim('report-bot');
    expect(conditionOf(stalled, 'Stalled')).toMatchObject({ reason: 'SecretConflict' });
    expect((await get('report-bot')).status.keyPairs).toMatchObject([{ state: 'Conflict' }]);
    expect(await statusWith(pair)).toBe(401);
  });
});

describe('a rotation without an overlap revokes the key pair', () => {
  const rotate = (name: string) =>
    kubectl.apply(
      accessKeyManifest(namespace, name, { user: { name: `user-${name}` }, keyPairs: [{ name: 'ci', revision: 2 }] }),
    );
  const createUser = (name: string) =>
    createPair(
      kubectl,
      accessKeyManifest(namespace, name, { user: { name: `user-${name}` }, keyPairs: [{ name: 'ci' }] }),
    );
  const expectRevoked = async (name: string, pair: Pair, token: string) => {
    await pairStops(operator.url, pair);
    expect((await listDeployments(operator.url, token)).status).toBe(401);
    const stalled = await poll('the state', async () => {
      const found = await get(name);
      return found.status.keyPairs?.[0]?.state === 'Pending' && conditionOf(found, 'Stalled') && found;
    });
    expect(conditionOf(stalled, 'Stalled')).toMatchObject({ reason: 'SecretFailed' });
    expect(await readPair(kubectl, namespace, `${name}-ci`)).toEqual(pair);
  };

  test('if an administrator has made its Secret immutable; an editor cannot', async () => {
    const pair = await createUser('victim');
    const token = await getToken(operator.url, pair);
    const freeze = ['patch', 'secret', 'victim-ci', '-p', '{"immutable":true}'];
    await expect(asEditor(freeze)).rejects.toThrow(/immutable: must not be true for a key pair/);
    await kubectl.run([...freeze, '-n', namespace]);
    await rotate('victim');
    await expectRevoked('victim', pair, token);
    await kubectl.run(['delete', 'secret', 'victim-ci', '-n', namespace]);
    await waitReady(kubectl, namespace, 'victim');
    await getToken(operator.url, await readPair(kubectl, namespace, 'victim-ci'));
  });

  test('if an editor has filled the annotations of its Secret, until the revision is lowered again', async () => {
    const pair = await createUser('filled');
    const token = await getToken(operator.url, pair);
    const named = ['filled-ci', '-n', namespace];
    const secret = await kubectl.get<{ metadata: { annotations: Record<string, string> } }>('secret', ...named);
    const { annotations } = secret.metadata;
    // The limit of the API server is 256 KiB for all annotations. The revision 10 has one digit more than 1.
    const used = Object.entries(annotations).flat().join('').length;
    const filled = { ...annotations, f: 'x'.repeat(2 ** 18 - used - 1) };
    await asEditor(['replace', '-f', '-'], { ...secret, metadata: { ...secret.metadata, annotations: filled } });
    const keyPairs = [{ name: 'ci', revision: 10 }];
    await kubectl.apply(accessKeyManifest(namespace, 'filled', { user: { name: 'user-filled' }, keyPairs }));
    await expectRevoked('filled', pair, token);
    await createUser('filled');
    await getToken(operator.url, pair);
  });
});

test('adopting a Secret again does not make its key pair younger', async () => {
  const manifest = accessKeyManifest(namespace, 'aged', { keyPairs: [{ name: 'ci' }] });
  const pair = await createPair(kubectl, manifest);
  const named = ['aged-ci', '-n', namespace];
  const { metadata } = await kubectl.get<{ metadata: { creationTimestamp: string } }>('secret', ...named);
  const adoptAgain = async (...annotations: string[]) => {
    await kubectl.run(['delete', 'accesskey', 'aged', '-n', namespace, '--cascade=orphan']);
    await pairStops(operator.url, pair);
    await kubectl.run(['annotate', '--overwrite', 'secret', ...named, ...annotations]);
    await kubectl.apply(manifest);
    const { status } = await waitReady(kubectl, namespace, 'aged');
    expect(status.keyPairs).toMatchObject([{ accessKey: pair.ak }]);
    return status.keyPairs?.[0]?.createdAt ?? '';
  };
  const mark = 'ghippo.io/adopt=aged/ci';
  expect(await adoptAgain(mark, 'ghippo.io/generated-at=2999-01-01T00:00:00Z')).toBe(metadata.creationTimestamp);
  expect(await adoptAgain(mark, 'ghippo.io/generated-at=2020-01-01T00:00:00Z')).toBe('2020-01-01T00:00:00Z');
});

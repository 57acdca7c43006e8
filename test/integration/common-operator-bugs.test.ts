/** Bugs that users of other operators report most often. The other integration and fault tests have more cases of each. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { startWatched } from '../support/fault-proxy/watched.ts';
import {
  type AccessKeyObject,
  accessKeyManifest,
  conditionOf,
  createNamespace,
  createPair,
  getToken,
  pairStops,
  readPair,
  waitReady,
} from '../support/platform.ts';
import { reconcileAgain, reconciledAfter } from '../support/reconciliation.ts';
import { shiftedClock } from '../support/shifted-clock.ts';

let cluster: TestCluster;
let kubectl: Kubectl;
let operator: OperatorProcess;
let clock: ReturnType<typeof shiftedClock>;

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  clock = shiftedClock(join(cluster.directory, 'clock'));
  operator = await startOperator();
  await createNamespace(kubectl, 'people');
});
afterAll(() => cluster?.stop());

const startOperator = () => cluster.startOperator({}, cluster.operatorKubeconfig, clock.options);
const get = (name: string) => kubectl.get<AccessKeyObject>('accesskey', name, '-n', 'people');
const stalled = (accessKey: AccessKeyObject) => conditionOf(accessKey, 'Stalled');

test('keeps a key pair whose Secret lost its labels and annotations while the operator was down', async () => {
  const pair = await createPair(kubectl, accessKeyManifest('people', 'kept'));
  const secret = ['secret', 'kept-main', '-n', 'people'];
  const { metadata } = await kubectl.get<{ metadata: { annotations: object; labels: object } }>(...secret);
  const without = (names: object) => Object.keys(names).map((name) => `${name}-`);
  // Only the ownerReference still identifies the Secret as the operator's.
  await operator.stop('SIGKILL');
  await kubectl.run(['label', ...secret, ...without(metadata.labels)]);
  await kubectl.run(['annotate', ...secret, ...without(metadata.annotations)]);
  await kubectl.run(['label', 'accesskey', 'kept', '-n', 'people', 'edited=yes']);
  operator = await startOperator();
  await getToken(operator.url, pair);
  await waitReady(kubectl, 'people', 'kept');
  expect(await readPair(kubectl, 'people', 'kept-main')).toEqual(pair);
});

test('rotates a key pair when it is due, without an edit or a restart', async () => {
  const rotation = { interval: '24h' };
  const keyPairs = [{ name: 'main', rotation }];
  const before = await createPair(kubectl, accessKeyManifest('people', 'due', { keyPairs }));
  clock.shift(24 * 3_600);
  const after = await poll('the rotation', async () => {
    const pair = await readPair(kubectl, 'people', 'due-main');
    return pair.ak !== before.ak && pair;
  });
  await getToken(operator.url, after);
  await pairStops(operator.url, before);
});

test('does not let two AccessKeys fight over one Secret', async () => {
  const secret = { name: 'contested' };
  const named = (name: string) => accessKeyManifest('people', name, { keyPairs: [{ name: 'main', secret }] });
  const pair = await createPair(kubectl, named('first'));
  const readSecret = () => kubectl.get('secret', 'contested', '-n', 'people');
  const before = await readSecret();
  await kubectl.apply(named('second'));
  const condition = await poll('the conflict in the status', async () => stalled(await get('second')));
  expect(condition).toMatchObject({ reason: 'SecretConflict' });
  for (const name of ['first', 'second', 'first', 'second']) {
    await reconcileAgain(operator, kubectl, `people/${name}`);
  }
  expect(await readSecret()).toEqual(before);
  expect(await readPair(kubectl, 'people', 'contested')).toEqual(pair);
  await getToken(operator.url, pair);
});

test('does not overwrite or delete a Secret that it does not own', async () => {
  const create = [
    'create',
    'secret',
    'generic',
    'theirs-main',
    '-n',
    'people',
    '--from-literal=ak=a',
    '--from-literal=sk=b',
  ];
  await kubectl.run(create);
  // The labels claim that it is the operator's.
  const labels = ['app.kubernetes.io/managed-by=accesskey-operator', 'ghippo.io/access-key=theirs'];
  await kubectl.run(['label', 'secret', 'theirs-main', '-n', 'people', ...labels, 'ghippo.io/key-pair=main']);
  const before = await kubectl.get('secret', 'theirs-main', '-n', 'people');
  await kubectl.apply(accessKeyManifest('people', 'theirs'));
  await poll('the conflict', async () => stalled(await get('theirs')));
  await reconcileAgain(operator, kubectl, 'people/theirs');
  await reconciledAfter(operator, () => kubectl.run(['delete', 'accesskey', 'theirs', '-n', 'people']));
  expect(await kubectl.get('secret', 'theirs-main', '-n', 'people')).toEqual(before);
});

test('does not keep a namespace in Terminating while the operator is down', async () => {
  await createNamespace(kubectl, 'leaving');
  const pair = await createPair(kubectl, accessKeyManifest('leaving', 'guest'));
  await operator.stop('SIGKILL');
  await kubectl.run(['delete', 'namespace', 'leaving', '--timeout=60s']);
  operator = await startOperator();
  await pairStops(operator.url, pair);
});

test('notices a watch that stalls silently', async () => {
  const halfOpen = { kind: 'halfOpen', afterLines: 1 } as const;
  const watched = await startWatched({
    controlPlane: cluster.controlPlane,
    idleTimeoutMs: 2_000,
    faults: ({ isWatch, nth }) => (isWatch && nth === 0 ? halfOpen : undefined),
  });
  await watched.reflector.synced;
  await watched.put('seen');
  await watched.put('missed');
  await watched.converged();
  expect(watched.received).toEqual(watched.written);
  expect(watched.proxy.faults).toEqual({ halfOpen: 1 });
});

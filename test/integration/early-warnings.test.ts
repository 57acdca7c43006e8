/** Warnings about key pairs, with an operator whose clock the test moves forward. */
import { join } from 'node:path';
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
  eventNotes,
  getToken,
  pairStops,
  readPair,
} from '../support/platform.ts';
import { reconcileAgain } from '../support/reconciliation.ts';
import { shiftedClock } from '../support/shifted-clock.ts';

const day = 86_400;
const namespace = 'people';
let cluster: TestCluster;
let kubectl: Kubectl;
let operator: OperatorProcess;
let clock: ReturnType<typeof shiftedClock>;
/** How far the clock of the operator is ahead, seconds. It only goes forward. */
let ahead = 0;

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  clock = shiftedClock(join(cluster.directory, 'clock'));
  operator = await cluster.startOperator({}, cluster.operatorKubeconfig, clock.options);
  await createNamespace(kubectl, namespace);
});
afterAll(() => cluster?.stop());

const get = (name: string) => kubectl.get<AccessKeyObject>('accesskey', name, '-n', namespace);

function shift(seconds: number): void {
  ahead += seconds;
  clock.shift(ahead);
}

/** A time by the clock of the operator, RFC 3339. */
const inSeconds = (seconds: number) =>
  new Date(Date.now() + (ahead + seconds) * 1000).toISOString().replace(/\.\d+/, '');

/** The warning times in the notes of the Events about an expiry. */
async function warnings(name: string): Promise<(string | undefined)[]> {
  const notes = await eventNotes(kubectl, namespace, name, 'KeyPairExpiresSoon');
  return notes.map((note) => /less than ([^;]*);/.exec(note)?.[1]);
}

/** Restarts the operator. It writes the last uses when it stops, unless it is killed. */
async function restart(signal?: NodeJS.Signals): Promise<void> {
  await operator.stop(signal);
  operator = await cluster.startOperator({}, cluster.operatorKubeconfig, clock.options);
}

describe('a key pair that expires', () => {
  test('has the condition ExpiresSoon and one Event for each warning time, also across restarts', async () => {
    const expiresAt = inSeconds(40 * day);
    await createPair(kubectl, accessKeyManifest(namespace, 'ann', { keyPairs: [{ name: 'main', expiresAt }] }));
    expect(conditionOf(await get('ann'), 'ExpiresSoon')).toBeUndefined();

    shift(11 * day);
    await reconcileAgain(operator, kubectl, `${namespace}/ann`);
    expect(conditionOf(await get('ann'), 'ExpiresSoon')).toMatchObject({
      status: 'True',
      reason: 'KeyPairExpiresSoon',
      message: `key pair main expires at ${expiresAt}; no other key pair is valid longer`,
    });
    expect(conditionOf(await get('ann'), 'Ready')).toMatchObject({ status: 'True' });
    await poll('the first warning', async () => (await warnings('ann')).length === 1);

    await operator.stop('SIGKILL');
    shift(23 * day);
    operator = await cluster.startOperator({}, cluster.operatorKubeconfig, clock.options);
    await poll('the second warning', async () => (await warnings('ann')).length === 2);

    const { status } = await get('ann');
    await restart('SIGKILL');
    await reconcileAgain(operator, kubectl, `${namespace}/ann`);
    expect((await get('ann')).status, 'nothing is written again').toEqual(status);
    shift(5.5 * day);
    await reconcileAgain(operator, kubectl, `${namespace}/ann`);
    await poll('the third warning', async () => (await warnings('ann')).length === 3);
    expect((await warnings('ann')).toSorted()).toEqual(['1 day', '30 days', '7 days']);
  });

  test('is not reported while another key pair is valid longer', async () => {
    const keyPairs = [{ name: 'main', expiresAt: inSeconds(2 * day) }, { name: 'next' }];
    await createPair(kubectl, accessKeyManifest(namespace, 'bob', { keyPairs }));
    expect(conditionOf(await get('bob'), 'ExpiresSoon')).toBeUndefined();
    const disabled = JSON.stringify({ spec: { keyPairs: [keyPairs[0], { name: 'next', enabled: false }] } });
    await kubectl.run(['patch', 'accesskey', 'bob', '-n', namespace, '--type=merge', '-p', disabled]);
    await poll('the condition', async () => conditionOf(await get('bob'), 'ExpiresSoon') !== undefined);
    await poll('the warning', async () => (await warnings('bob')).join() === '7 days');
  });
});

test('kubectl get shows the last use', async () => {
  const pair = await createPair(kubectl, accessKeyManifest(namespace, 'cat'));
  await getToken(operator.url, pair);
  await restart();
  const [header = '', row = ''] = (await kubectl.run(['get', 'accesskey', 'cat', '-n', namespace])).split('\n');
  expect(header).toMatch(/NEXT EXPIRY +LAST USED +REASON/);
  const column = header.indexOf('LAST USED');
  expect(row.slice(column)).toMatch(/^\S+ +KeyPairsReady/);
  const { resourceVersion } = (await get('cat')).metadata;
  await reconcileAgain(operator, kubectl, `${namespace}/bob`);
  expect((await get('cat')).metadata.resourceVersion, 'the controller agrees with the summary').toBe(resourceVersion);
});

describe('a previous key pair that is in use', () => {
  const hour = 3600;
  const pairOf = async () => (await get('dan')).status.keyPairs?.[0];
  const hoursOfOverlap = async () => {
    const { createdAt = '', previous } = (await pairOf()) ?? {};
    return (Date.parse(previous?.validUntil ?? '') - Date.parse(createdAt)) / 3_600_000;
  };
  const edit = (pair: object) => {
    const spec = { keyPairs: [{ name: 'main', rotation: { overlap: '4h', maxOverlap: '9h' }, ...pair }] };
    return kubectl.run(['patch', 'accesskey', 'dan', '-n', namespace, '--type=merge', '-p', JSON.stringify({ spec })]);
  };

  test('has its own last use, extends the overlap, and causes a Warning when it ends', async () => {
    const keyPairs = [{ name: 'main', rotation: { overlap: '4h', maxOverlap: '9h' } }];
    const before = await createPair(kubectl, accessKeyManifest(namespace, 'dan', { keyPairs }));
    await edit({ revision: 2 });
    await poll('the rotation', async () => (await pairOf())?.state === 'Rotating');
    expect(await hoursOfOverlap()).toBe(4);

    shift(3 * hour);
    await getToken(operator.url, before);
    await restart();
    await poll('the extension', async () => (await hoursOfOverlap()) === 6);
    const pair = await pairOf();
    expect(pair?.lastUsedTime).toBeUndefined();
    expect(pair?.previous).toMatchObject({ accessKey: before.ak, lastClientAddress: '127.0.0.1' });
    expect(Date.parse(pair?.previous?.lastUsedTime ?? '')).toBeGreaterThan(Date.parse(pair?.createdAt ?? ''));
    const extended = async () => (await eventNotes(kubectl, namespace, 'dan', 'OverlapExtended')).length === 1;
    await poll('the Event', extended);
    await getToken(operator.url, before);

    shift(4 * hour);
    await reconcileAgain(operator, kubectl, `${namespace}/dan`);
    await pairStops(operator.url, before);
    const ended = async () => (await eventNotes(kubectl, namespace, 'dan', 'OverlapEnded'))[0];
    expect(await poll('the Warning', ended)).toContain('it was last used during the overlap');
  });

  test('and a key pair that is disabled or deleted within an hour of its last use cause a Warning', async () => {
    const pair = await readPair(kubectl, namespace, 'dan-main');
    await getToken(operator.url, pair);
    await restart();
    await edit({ revision: 2, enabled: false });
    const notes = () => eventNotes(kubectl, namespace, 'dan', 'KeyPairInUse');
    await poll('the Warning', async () => (await notes()).length === 1);
    expect((await notes())[0]).toMatch(/^Key pair main was disabled; it was last used at /);
    await edit({ revision: 2, enabled: true });
    await poll('the pair', async () => (await pairOf())?.state === 'Active');
    await kubectl.run(['delete', 'accesskey', 'dan', '-n', namespace]);
    await poll('the second Warning', async () => (await notes()).length === 2);
  });
});

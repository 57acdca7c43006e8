import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { readMetrics } from '../support/metrics.ts';
import {
  type AccessKeyObject,
  accessKeyManifest,
  createNamespace,
  createPair,
  eventReasons,
  getToken,
  listDeployments,
  type Pair,
  pairStops,
  readPair,
  tokenUrl,
  waitReady,
} from '../support/platform.ts';
import { reconcileAgain, reconciledAfter } from '../support/reconciliation.ts';
import { shiftedClock } from '../support/shifted-clock.ts';

interface SecretObject {
  metadata: { uid: string; labels: Record<string, string>; annotations: Record<string, string> };
  data: Record<string, string>;
}

const hour = 3_600;
let cluster: TestCluster;
let kubectl: Kubectl;
let operator: OperatorProcess;
let clock: ReturnType<typeof shiftedClock>;
/** How far the clock of the operator is ahead, seconds. It only goes forward here. */
let ahead = 0;

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  clock = shiftedClock(join(cluster.directory, 'clock'));
  operator = await cluster.startOperator({}, cluster.operatorKubeconfig, clock.options);
  await createNamespace(kubectl, 'people');
});
afterAll(() => cluster?.stop());

const get = (name: string) => kubectl.get<AccessKeyObject>('accesskey', name, '-n', 'people');
const getSecret = (name: string) => kubectl.get<SecretObject>('secret', name, '-n', 'people');
const statusOf = async (name: string) => (await get(name)).status.keyPairs?.[0];
const setPairs = (name: string, ...keyPairs: object[]) =>
  kubectl.run([
    'patch',
    'accesskey',
    name,
    '-n',
    'people',
    '--type=merge',
    '-p',
    JSON.stringify({ spec: { keyPairs } }),
  ]);
const secretNames = () => kubectl.run(['get', 'secrets', '-n', 'people', '-o', 'name']);

/** Moves the clock of the operator forward and waits until the AccessKey is reconciled at the new time. */
async function advance(seconds: number, name: string): Promise<void> {
  ahead += seconds;
  clock.shift(ahead);
  await reconcileAgain(operator, kubectl, `people/${name}`);
}

const previousOf = ({ data }: SecretObject): Pair | undefined => {
  const decode = (value: string) => Buffer.from(value, 'base64').toString();
  return data['previous-ak'] && data['previous-sk']
    ? { ak: decode(data['previous-ak']), sk: decode(data['previous-sk']) }
    : undefined;
};

/** Waits until the Secret has another pair than `before`. */
const newPair = (secretName: string, before: Pair) =>
  poll('a new pair', async () => {
    const pair = await readPair(kubectl, 'people', secretName);
    return pair.ak !== before.ak && pair;
  });

describe('a rotation', () => {
  test('by revision, without overlap, replaces the pair immediately and only once', async () => {
    const before = await createPair(kubectl, accessKeyManifest('people', 'raised'));
    await setPairs('raised', { name: 'main', revision: 2 });
    const { status } = await waitReady(kubectl, 'people', 'raised');
    const after = await readPair(kubectl, 'people', 'raised-main');
    expect(status.keyPairs?.[0], 'the status right after the edit').toMatchObject({
      accessKey: after.ak,
      revision: 2,
      state: 'Active',
    });
    expect(after.ak).not.toBe(before.ak);
    expect(previousOf(await getSecret('raised-main'))).toBeUndefined();
    await getToken(operator.url, after);
    await pairStops(operator.url, before);
    await setPairs('raised', { name: 'main', revision: 2, enabled: true });
    await reconcileAgain(operator, kubectl, 'people/raised');
    expect(await readPair(kubectl, 'people', 'raised-main')).toEqual(after);
    expect(await eventReasons(kubectl, 'people', 'raised')).toContain('KeyPairRotated');
  });

  test.each<[string, object[]]>([
    ['absent', [{}]],
    ['lower', [{ revision: 1 }]],
    ['absent, then lower, then the same', [{}, { revision: 1 }, { revision: 2 }]],
  ])('does not happen again for a revision that is %s', async (_, edits) => {
    const before = await readPair(kubectl, 'people', 'raised-main');
    for (const edit of edits) {
      await setPairs('raised', { name: 'main', ...edit });
      const { status } = await waitReady(kubectl, 'people', 'raised');
      expect(status.keyPairs).toMatchObject([{ accessKey: before.ak, revision: 2 }]);
    }
    expect(await readPair(kubectl, 'people', 'raised-main')).toEqual(before);
  });

  test('by interval keeps both pairs valid during the overlap and reports the next rotation', async () => {
    const rotation = { interval: '24h', overlap: '2h' };
    const before = await createPair(
      kubectl,
      accessKeyManifest('people', 'scheduled', { keyPairs: [{ name: 'main', rotation }] }),
    );
    const token = await getToken(operator.url, before);
    const first = await statusOf('scheduled');
    const secondsOf = (time = '') => Date.parse(time) / 1000;
    expect(secondsOf(first?.nextRotationAt) - secondsOf(first?.createdAt)).toBe(24 * hour);

    await advance(24 * hour - 60, 'scheduled');
    expect(await readPair(kubectl, 'people', 'scheduled-main'), 'a minute before the rotation is due').toEqual(before);

    await advance(120, 'scheduled');
    const after = await newPair('scheduled-main', before);
    expect(previousOf(await getSecret('scheduled-main'))).toEqual(before);
    await getToken(operator.url, after);
    await getToken(operator.url, before);
    expect((await listDeployments(operator.url, token)).status, 'a token of the previous pair').toBe(403);
    const during = await poll('Rotating', async () => {
      const pair = await statusOf('scheduled');
      return pair?.state === 'Rotating' && pair;
    });
    expect(during).toMatchObject({ accessKey: after.ak, previous: { accessKey: before.ak } });
    expect(secondsOf(during.previous?.validUntil) - secondsOf(during.createdAt)).toBe(2 * hour);

    await advance(2 * hour, 'scheduled');
    await pairStops(operator.url, before);
    expect((await listDeployments(operator.url, token)).status).toBe(401);
    await poll('the end of the overlap', async () => (await statusOf('scheduled'))?.state === 'Active');
    expect(previousOf(await getSecret('scheduled-main'))).toBeUndefined();
    expect(await readPair(kubectl, 'people', 'scheduled-main')).toEqual(after);
    expect((await statusOf('scheduled'))?.previous).toBeUndefined();
  });

  test('that was due while the operator was down happens once at the start', async () => {
    const rotation = { interval: '24h' };
    const before = await createPair(
      kubectl,
      accessKeyManifest('people', 'missed', { keyPairs: [{ name: 'main', rotation }] }),
    );
    await operator.stop('SIGKILL');
    ahead += 100 * 24 * hour;
    clock.shift(ahead);
    operator = await cluster.startOperator({}, cluster.operatorKubeconfig, clock.options);
    const after = await newPair('missed-main', before);
    await poll('status', async () => (await statusOf('missed'))?.accessKey === after.ak);
    await reconcileAgain(operator, kubectl, 'people/missed');
    expect(await readPair(kubectl, 'people', 'missed-main')).toEqual(after);
  });

  test('waits while the pair is disabled', async () => {
    const pair = { name: 'main', rotation: { interval: '1h' } };
    const manifest = accessKeyManifest('people', 'resting', { keyPairs: [pair] });
    const before = await createPair(kubectl, manifest);
    await setPairs('resting', { ...pair, enabled: false });
    await waitReady(kubectl, 'people', 'resting');
    await advance(5 * hour, 'resting');
    expect(await readPair(kubectl, 'people', 'resting-main')).toEqual(before);
    expect((await statusOf('resting'))?.nextRotationAt).toBeUndefined();
    await setPairs('resting', pair);
    await getToken(operator.url, await newPair('resting-main', before));
  });
});

describe('a suspended AccessKey', () => {
  test('gets no tokens and its tokens stop working, until it is resumed with the same pair', async () => {
    const pair = await createPair(kubectl, accessKeyManifest('people', 'held'));
    const token = await getToken(operator.url, pair);
    const suspend = (suspended: boolean) =>
      kubectl.run([
        'patch',
        'accesskey',
        'held',
        '-n',
        'people',
        '--type=merge',
        '-p',
        `{"spec":{"suspended":${suspended}}}`,
      ]);
    await suspend(true);
    await pairStops(operator.url, pair);
    expect((await listDeployments(operator.url, token)).status).toBe(401);
    const { status } = await waitReady(kubectl, 'people', 'held');
    expect(status.keyPairs?.[0]?.state).toBe('Disabled');
    expect(status.conditions?.[0]?.message).toBe('suspended; key pairs: main Disabled');
    await suspend(false);
    await getToken(operator.url, pair);
    expect((await listDeployments(operator.url, token)).status).toBe(403);
  });
});

describe('a change of the Secret in the spec keeps the pair', () => {
  test('adds, changes and removes labels and annotations, except those of others', async () => {
    const secret = { labels: { team: 'red', tier: 'a' }, annotations: { note: 'one' } };
    const manifest = accessKeyManifest('people', 'dressed', { keyPairs: [{ name: 'main', secret }] });
    const pair = await createPair(kubectl, manifest);
    await kubectl.run(['label', 'secret', 'dressed-main', '-n', 'people', 'theirs=stays']);
    await setPairs('dressed', { name: 'main', secret: { labels: { team: 'blue' } } });
    await waitReady(kubectl, 'people', 'dressed');
    const { metadata } = await getSecret('dressed-main');
    expect(metadata.labels).toMatchObject({ team: 'blue', theirs: 'stays', 'ghippo.io/key-pair': 'main' });
    expect(metadata.labels).not.toHaveProperty('tier');
    expect(metadata.annotations).not.toHaveProperty('note');
    expect(await readPair(kubectl, 'people', 'dressed-main')).toEqual(pair);
  });

  test('moves the pair to other data keys', async () => {
    const pair = await createPair(kubectl, accessKeyManifest('people', 'renamed'));
    const keys = { akKey: 'ACCESS_KEY', skKey: 'SECRET_KEY' };
    await setPairs('renamed', { name: 'main', secret: keys });
    const { status } = await waitReady(kubectl, 'people', 'renamed');
    const { data } = await getSecret('renamed-main');
    const encode = (value: string) => Buffer.from(value).toString('base64');
    expect(data).toEqual({ ACCESS_KEY: encode(pair.ak), SECRET_KEY: encode(pair.sk) });
    expect(status.keyPairs?.[0]?.accessKey).toBe(pair.ak);
    await getToken(operator.url, pair);
  });

  test('swaps the data keys of ak and sk without writing the sk into the status', async () => {
    const pair = await createPair(kubectl, accessKeyManifest('people', 'exchanged'));
    await setPairs('exchanged', { name: 'main', secret: { akKey: 'sk', skKey: 'ak' } });
    await waitReady(kubectl, 'people', 'exchanged');
    expect(await readPair(kubectl, 'people', 'exchanged-main')).toEqual({ ak: pair.sk, sk: pair.ak });
    // Makes the annotations of the Secret wrong.
    const wrong = ['ghippo.io/ak-key=ak', 'ghippo.io/sk-key=sk'];
    await reconciledAfter(operator, () =>
      kubectl.run(['annotate', 'secret', 'exchanged-main', '-n', 'people', '--overwrite', ...wrong]),
    );
    const annotations = await poll('the annotations', async () => {
      const { metadata } = await getSecret('exchanged-main');
      return metadata.annotations['ghippo.io/ak-key'] === 'sk' && metadata.annotations;
    });
    expect(annotations['ghippo.io/sk-key']).toBe('ak');
    expect(JSON.stringify(await get('exchanged'))).not.toContain(pair.sk);
    await getToken(operator.url, pair);
  });

  test('restores lost annotations, also of a pair with custom data keys', async () => {
    const secret = { akKey: 'ACCESS_KEY', skKey: 'SECRET_KEY' };
    const manifest = accessKeyManifest('people', 'forgetful', { keyPairs: [{ name: 'main', secret }] });
    await kubectl.apply(manifest);
    const before = await waitReady(kubectl, 'people', 'forgetful');
    const { metadata } = await getSecret('forgetful-main');
    const names = Object.keys(metadata.annotations).map((name) => `${name}-`);
    await reconciledAfter(operator, () =>
      kubectl.run(['annotate', 'secret', 'forgetful-main', '-n', 'people', ...names]),
    );
    await poll('the annotations', async () => {
      const after = await getSecret('forgetful-main');
      return JSON.stringify(after.metadata.annotations) === JSON.stringify(metadata.annotations);
    });
    expect((await get('forgetful')).status.keyPairs).toEqual(before.status.keyPairs);
  });

  test('reports a conflict and keeps both pairs when two pairs swap the names of their Secrets', async () => {
    const named = (name: string, secretName: string) => ({ name, secret: { name: secretName } });
    const manifest = accessKeyManifest('people', 'crossed', { keyPairs: [named('a', 'red'), named('b', 'blue')] });
    await kubectl.apply(manifest);
    const before = await waitReady(kubectl, 'people', 'crossed');
    await setPairs('crossed', named('a', 'blue'), named('b', 'red'));
    const after = await poll('the conflict', async () => {
      const accessKey = await get('crossed');
      return accessKey.status.conditions?.find((one) => one.type === 'Stalled') && accessKey;
    });
    const keys = ({ status }: AccessKeyObject) => status.keyPairs?.map(({ name, accessKey }) => ({ name, accessKey }));
    expect(keys(after)).toEqual(keys(before));
    await getToken(operator.url, await readPair(kubectl, 'people', 'red'));
  });
});

describe('adoption', () => {
  const imported: Pair = { ak: '3f0f66ac-26c3-4a1f-8f3e-0d9a5d9b9a01', sk: '9e0a6f3e-71f4-4f0f-9d7b-2f40a86dd102' };
  interface SecretOptions {
    adopt?: string | undefined;
    data?: object;
    type?: string | undefined;
  }
  const secret = (name: string, { adopt, data = imported, type = 'ghippo.io/access-key' }: SecretOptions) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    type,
    stringData: data,
    metadata: { namespace: 'people', name, ...(adopt !== undefined && { annotations: { 'ghippo.io/adopt': adopt } }) },
  });

  test('takes over a Secret with the adopt annotation and keeps its pair', async () => {
    await kubectl.apply(secret('import-main', { adopt: 'import/main' }));
    const { metadata } = await getSecret('import-main');
    await kubectl.apply(accessKeyManifest('people', 'import'));
    const { status } = await waitReady(kubectl, 'people', 'import');
    expect(status.keyPairs?.[0]).toMatchObject({ accessKey: imported.ak, state: 'Active' });
    expect((await getSecret('import-main')).metadata.uid).toBe(metadata.uid);
    await getToken(operator.url, imported);
    expect(await eventReasons(kubectl, 'people', 'import')).toContain('KeyPairAdopted');
  });

  test.each([
    ['no annotation', undefined, imported, undefined, /add the annotation ghippo\.io\/adopt=NAME\/main to adopt it/],
    ['the annotation of another', 'somebody/main', imported, undefined, /exists and does not belong to this AccessKey/],
    ['another type', 'NAME/main', imported, 'Opaque', /its type must be ghippo\.io\/access-key/],
    [
      'a malformed sk',
      'NAME/main',
      { ...imported, sk: 'short' },
      undefined,
      /the value of sk must be a lowercase UUID/,
    ],
  ])('leaves a Secret with %s unchanged, and the status gives the reason', async (what, adopt, data, type, message) => {
    const name = `rejected-${what.replace(/[^a-z]/g, '')}`;
    await kubectl.apply(secret(`${name}-main`, { adopt: adopt?.replace('NAME', name), data, type }));
    const before = await getSecret(`${name}-main`);
    await kubectl.apply(accessKeyManifest('people', name));
    const stalled = await poll('the conflict', async () =>
      (await get(name)).status.conditions?.find((one) => one.type === 'Stalled'),
    );
    expect(stalled.message).toMatch(new RegExp(message.source.replace('NAME', name)));
    expect(await getSecret(`${name}-main`)).toEqual(before);
  });
});

describe('deletion', () => {
  test.each(['foreground', 'background'])(
    'in the %s deletes the Secret, which is not created again',
    async (cascade) => {
      const pair = await createPair(kubectl, accessKeyManifest('people', `gone-${cascade}`));
      await kubectl.run(['delete', 'accesskey', `gone-${cascade}`, '-n', 'people', `--cascade=${cascade}`]);
      await pairStops(operator.url, pair);
      const isGone = async () => !(await secretNames()).includes(`gone-${cascade}-main`);
      // The garbage collector discovers new kinds such as AccessKey every 30 seconds.
      await poll('the garbage collection', isGone, 90_000);
      await createPair(kubectl, accessKeyManifest('people', `after-${cascade}`));
      expect(await isGone()).toBe(true);
    },
  );

  test('as an orphan keeps the Secret, which gets no tokens until it is adopted again', async () => {
    const pair = await createPair(kubectl, accessKeyManifest('people', 'orphan'));
    await kubectl.run(['delete', 'accesskey', 'orphan', '-n', 'people', '--cascade=orphan']);
    await pairStops(operator.url, pair);
    await kubectl.run(['annotate', 'secret', 'orphan-main', '-n', 'people', 'ghippo.io/adopt=orphan/main']);
    await kubectl.apply(accessKeyManifest('people', 'orphan'));
    await waitReady(kubectl, 'people', 'orphan');
    expect(await readPair(kubectl, 'people', 'orphan-main')).toEqual(pair);
    await getToken(operator.url, pair);
  });

  test('of a Secret with a finalizer stops the pair; the new pair is created once the Secret is gone', async () => {
    const before = await createPair(kubectl, accessKeyManifest('people', 'stuck'));
    const hold = (finalizers: string[] | null) =>
      kubectl.run([
        'patch',
        'secret',
        'stuck-main',
        '-n',
        'people',
        '--type=merge',
        '-p',
        JSON.stringify({ metadata: { finalizers } }),
      ]);
    await hold(['test.example/hold']);
    await kubectl.run(['delete', 'secret', 'stuck-main', '-n', 'people', '--wait=false']);
    await pairStops(operator.url, before);
    await poll('the reason', async () =>
      (await get('stuck')).status.conditions?.some(
        ({ type, reason }) => type === 'Reconciling' && reason === 'SecretTerminating',
      ),
    );
    await hold(null);
    await getToken(operator.url, await newPair('stuck-main', before));
  });

  test('of a pair removes its keys, also when another pair uses the same Secret name', async () => {
    const before = await createPair(kubectl, accessKeyManifest('people', 'replaced'));
    await setPairs('replaced', { name: 'next', secret: { name: 'replaced-main' } });
    const after = await newPair('replaced-main', before);
    await pairStops(operator.url, before);
    await getToken(operator.url, after);
  });
});

test('reports the last use to within a minute', async () => {
  const pair = await createPair(kubectl, accessKeyManifest('people', 'used'));
  expect((await fetch(tokenUrl(operator.url, pair))).status).toBe(200);
  const time = await poll('lastUsedTime', async () => (await statusOf('used'))?.lastUsedTime, 90_000);
  expect(Math.abs(Date.parse(time) - Date.now() - ahead * 1000)).toBeLessThan(120_000);
});

test('writes no sk to the log, AccessKeys, Events, Leases or metrics', async () => {
  const { items } = await kubectl.get<{ items: SecretObject[] }>('secrets', '-n', 'people');
  const values = items
    .flatMap(({ data }) => [data.sk, data.SECRET_KEY, data['previous-sk']])
    .filter((one) => one !== undefined);
  const sks = values.map((value) => Buffer.from(value, 'base64').toString()).filter((value) => value.length === 36);
  expect(sks.length).toBeGreaterThan(10);
  const places = JSON.stringify([
    cluster.operatorOutput(),
    await kubectl.get('accesskeys,events,leases', '-A'),
    await readMetrics(operator),
  ]);
  const exchanged = await readPair(kubectl, 'people', 'exchanged-main');
  for (const sk of [...sks.filter((one) => one !== exchanged.sk), exchanged.ak]) expect(places).not.toContain(sk);
});

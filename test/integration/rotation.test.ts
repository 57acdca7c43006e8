import { join } from 'node:path';
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
  type Pair,
  pairStops,
  readPair,
  tokenUrl,
  waitReady,
} from '../support/platform.ts';
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
/** Seconds by which the operator's clock is ahead; it only goes forward here. */
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

/**
 * The clock of the operator goes forward. Keys are looked at again each 30 seconds at the latest; an edit of a label is
 * a way not to wait for that.
 */
async function advance(seconds: number, name: string): Promise<void> {
  ahead += seconds;
  clock.shift(ahead);
  await kubectl.run(['label', 'accesskey', name, '-n', 'people', '--overwrite', `looked-at=${ahead}`]);
}

const previousOf = ({ data }: SecretObject): Pair | undefined => {
  const decode = (value: string) => Buffer.from(value, 'base64').toString();
  return data['previous-ak'] && data['previous-sk']
    ? { ak: decode(data['previous-ak']), sk: decode(data['previous-sk']) }
    : undefined;
};

/** Waits until the Secret holds another pair than this one. */
const newPair = (secretName: string, before: Pair) =>
  poll('a new pair', async () => {
    const pair = await readPair(kubectl, 'people', secretName);
    return pair.ak !== before.ak && pair;
  });

describe('a rotation', () => {
  test('by revision, without overlap: a new pair at once, the former one stops, and it happens once', async () => {
    const before = await createPair(kubectl, accessKeyManifest('people', 'raised'));
    await setPairs('raised', { name: 'main', revision: 2 });
    const { status } = await waitReady(kubectl, 'people', 'raised');
    const after = await readPair(kubectl, 'people', 'raised-main');
    expect(status.keyPairs?.[0], 'Ready just after the edit speaks of the new pair').toMatchObject({
      accessKey: after.ak,
      revision: 2,
      state: 'Active',
    });
    expect(after.ak).not.toBe(before.ak);
    expect(previousOf(await getSecret('raised-main'))).toBeUndefined();
    await getToken(operator.url, after);
    await pairStops(operator.url, before);
    await setPairs('raised', { name: 'main', revision: 2, enabled: true });
    await waitReady(kubectl, 'people', 'raised');
    expect(await readPair(kubectl, 'people', 'raised-main')).toEqual(after);
    expect(await eventReasons(kubectl, 'people', 'raised')).toContain('KeyPairRotated');
  });

  test('a revision that is lowered is refused in words that say so', async () => {
    await expect(setPairs('raised', { name: 'main', revision: 1 })).rejects.toThrow(/revision can only be raised/);
  });

  test('by interval: both pairs work during the overlap, then only the new one; the next is told', async () => {
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
    await waitReady(kubectl, 'people', 'scheduled');
    expect(await readPair(kubectl, 'people', 'scheduled-main'), 'a minute before its time').toEqual(before);

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

  test('that fell due while nobody ran is made at the start, once', async () => {
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
    expect(await readPair(kubectl, 'people', 'missed-main')).toEqual(after);
  });

  test('waits while the pair is disabled or the AccessKey suspended', async () => {
    const pair = { name: 'main', rotation: { interval: '1h' } };
    const manifest = accessKeyManifest('people', 'resting', { keyPairs: [pair] });
    const before = await createPair(kubectl, manifest);
    await setPairs('resting', { ...pair, enabled: false });
    await waitReady(kubectl, 'people', 'resting');
    await advance(5 * hour, 'resting');
    await waitReady(kubectl, 'people', 'resting');
    expect(await readPair(kubectl, 'people', 'resting-main')).toEqual(before);
    expect((await statusOf('resting'))?.nextRotationAt).toBeUndefined();
    await setPairs('resting', pair);
    await getToken(operator.url, await newPair('resting-main', before));
  });
});

describe('a suspended AccessKey', () => {
  test('gets no tokens, those given stop, its Secrets stay; resumed it works as before', async () => {
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

describe('the Secret follows the spec, its pair stays', () => {
  test('labels and annotations come, change and go; those of others stay', async () => {
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

  test('other data keys: the same pair under them, nothing under the former ones', async () => {
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

  test('ak and sk that change places: the sk never gets into the status', async () => {
    const pair = await createPair(kubectl, accessKeyManifest('people', 'exchanged'));
    await setPairs('exchanged', { name: 'main', secret: { akKey: 'sk', skKey: 'ak' } });
    await waitReady(kubectl, 'people', 'exchanged');
    expect(await readPair(kubectl, 'people', 'exchanged-main')).toEqual({ ak: pair.sk, sk: pair.ak });
    // The notes of the Secret say it wrongly now.
    const wrong = ['ghippo.io/ak-key=ak', 'ghippo.io/sk-key=sk'];
    await kubectl.run(['annotate', 'secret', 'exchanged-main', '-n', 'people', '--overwrite', ...wrong]);
    const annotations = await poll('the notes', async () => {
      const { metadata } = await getSecret('exchanged-main');
      return metadata.annotations['ghippo.io/ak-key'] === 'sk' && metadata.annotations;
    });
    expect(annotations['ghippo.io/sk-key']).toBe('ak');
    expect(JSON.stringify(await get('exchanged'))).not.toContain(pair.sk);
    await getToken(operator.url, pair);
  });

  test('lost notes come back, a pair under its own data keys is found without them', async () => {
    const secret = { akKey: 'ACCESS_KEY', skKey: 'SECRET_KEY' };
    const manifest = accessKeyManifest('people', 'forgetful', { keyPairs: [{ name: 'main', secret }] });
    await kubectl.apply(manifest);
    const before = await waitReady(kubectl, 'people', 'forgetful');
    const { metadata } = await getSecret('forgetful-main');
    const names = Object.keys(metadata.annotations).map((name) => `${name}-`);
    await kubectl.run(['annotate', 'secret', 'forgetful-main', '-n', 'people', ...names]);
    await poll('the notes', async () => {
      const after = await getSecret('forgetful-main');
      return JSON.stringify(after.metadata.annotations) === JSON.stringify(metadata.annotations);
    });
    expect((await get('forgetful')).status.keyPairs).toEqual(before.status.keyPairs);
  });

  test('two pairs that exchange the names of their Secrets keep their pairs, and a person is told', async () => {
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
  const secret = (name: string, mark?: string, stringData: object = imported, type = 'ghippo.io/access-key') => ({
    ...{ apiVersion: 'v1', kind: 'Secret', type, stringData },
    metadata: { namespace: 'people', name, ...(mark !== undefined && { annotations: { 'ghippo.io/adopt': mark } }) },
  });

  test('a Secret that asks for it is taken over, its pair kept', async () => {
    await kubectl.apply(secret('import-main', 'import/main'));
    const { metadata } = await getSecret('import-main');
    await kubectl.apply(accessKeyManifest('people', 'import'));
    const { status } = await waitReady(kubectl, 'people', 'import');
    expect(status.keyPairs?.[0]).toMatchObject({ accessKey: imported.ak, state: 'Active' });
    expect((await getSecret('import-main')).metadata.uid).toBe(metadata.uid);
    await getToken(operator.url, imported);
    expect(await eventReasons(kubectl, 'people', 'import')).toContain('KeyPairAdopted');
  });

  test.each([
    ['no mark', undefined, imported, undefined, /let it be adopted by the annotation ghippo\.io\/adopt=NAME\/main/],
    ['the mark of another', 'somebody/main', imported, undefined, /exists and is not of this AccessKey/],
    ['another type', 'NAME/main', imported, 'Opaque', /its type must be ghippo\.io\/access-key/],
    ['a malformed sk', 'NAME/main', { ...imported, sk: 'short' }, undefined, /sk must be a UUID/],
  ])('a Secret with %s is left as it is, and the status says why', async (what, mark, data, type, message) => {
    const name = `refused-${what.replace(/[^a-z]/g, '')}`;
    await kubectl.apply(secret(`${name}-main`, mark?.replace('NAME', name), data, type));
    const before = await getSecret(`${name}-main`);
    await kubectl.apply(accessKeyManifest('people', name));
    const stalled = await poll('the conflict', async () =>
      (await get(name)).status.conditions?.find((one) => one.type === 'Stalled'),
    );
    expect(stalled.message).toMatch(new RegExp(message.source.replace('NAME', name)));
    expect(await getSecret(`${name}-main`)).toEqual(before);
  });
});

describe('deleting', () => {
  test.each(['foreground', 'background'])('in %s: the Secret goes, and is not made again', async (cascade) => {
    const pair = await createPair(kubectl, accessKeyManifest('people', `gone-${cascade}`));
    await kubectl.run(['delete', 'accesskey', `gone-${cascade}`, '-n', 'people', `--cascade=${cascade}`]);
    await pairStops(operator.url, pair);
    const isGone = async () => !(await secretNames()).includes(`gone-${cascade}-main`);
    // The garbage collector looks for new kinds every half minute, and AccessKey is one here.
    await poll('the garbage collection', isGone, 90_000);
  });

  test('as an orphan: the Secret stays, without an owner, and gets no tokens; it can be adopted again', async () => {
    const pair = await createPair(kubectl, accessKeyManifest('people', 'orphan'));
    await kubectl.run(['delete', 'accesskey', 'orphan', '-n', 'people', '--cascade=orphan']);
    await pairStops(operator.url, pair);
    await kubectl.run(['annotate', 'secret', 'orphan-main', '-n', 'people', 'ghippo.io/adopt=orphan/main']);
    await kubectl.apply(accessKeyManifest('people', 'orphan'));
    await waitReady(kubectl, 'people', 'orphan');
    expect(await readPair(kubectl, 'people', 'orphan-main')).toEqual(pair);
    await getToken(operator.url, pair);
  });

  test("a Secret that somebody's finalizer holds: the pair stops, the new one is made when it is gone", async () => {
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

  test('a removed pair takes its keys with it, also when another pair takes the name of its Secret', async () => {
    const before = await createPair(kubectl, accessKeyManifest('people', 'replaced'));
    await setPairs('replaced', { name: 'next', secret: { name: 'replaced-main' } });
    const after = await newPair('replaced-main', before);
    await pairStops(operator.url, before);
    await getToken(operator.url, after);
  });
});

test('the last use is told, to within a minute', async () => {
  const pair = await createPair(kubectl, accessKeyManifest('people', 'used'));
  expect((await fetch(tokenUrl(operator.url, pair))).status).toBe(200);
  const time = await poll('lastUsedTime', async () => (await statusOf('used'))?.lastUsedTime, 90_000);
  expect(Math.abs(Date.parse(time) - Date.now() - ahead * 1000)).toBeLessThan(120_000);
});

test('no sk is in any line that the operator wrote, nor in any AccessKey or Event', async () => {
  const { items } = await kubectl.get<{ items: SecretObject[] }>('secrets', '-n', 'people');
  const values = items
    .flatMap(({ data }) => [data.sk, data.SECRET_KEY, data['previous-sk']])
    .filter((one) => one !== undefined);
  const sks = values.map((value) => Buffer.from(value, 'base64').toString()).filter((value) => value.length === 36);
  expect(sks.length).toBeGreaterThan(10);
  const told = JSON.stringify([
    cluster.operatorOutput(),
    await kubectl.get('accesskeys,events,leases', '-A'),
    await (await fetch(`${operator.healthUrl}/metrics`)).text(),
  ]);
  const exchanged = await readPair(kubectl, 'people', 'exchanged-main');
  for (const sk of [...sks.filter((one) => one !== exchanged.sk), exchanged.ak]) expect(told).not.toContain(sk);
});

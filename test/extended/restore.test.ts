/** Backup and restore as in docs/upgrade.md, in every order. All key pairs are in the overlap of a rotation. */
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
  getToken,
  type Pair,
  pairStops,
  readPair,
  tokenUrl,
  waitObserved,
  waitReady,
} from '../support/platform.ts';
import { shiftedClock } from '../support/shifted-clock.ts';

interface BackedUp {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace: string;
    labels: Record<string, string>;
    annotations: Record<string, string>;
    ownerReferences?: object[];
    [field: string]: unknown;
  };
  data?: Record<string, string>;
  status?: AccessKeyObject['status'];
}

/** The objects of one AccessKey, and its key pairs at the time of the backup. */
interface Backup {
  name: string;
  accessKey: BackedUp;
  secrets: BackedUp[];
  current: Pair;
  previous: Pair;
}

const namespace = 'people';
const adopt = 'ghippo.io/adopt';
const hour = 3_600;
let cluster: TestCluster;
let kubectl: Kubectl;
let operator: OperatorProcess;
let clock: ReturnType<typeof shiftedClock>;

const startOperator = () => cluster.startOperator({}, cluster.operatorKubeconfig, clock.options);

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  clock = shiftedClock(join(cluster.directory, 'clock'));
  operator = await startOperator();
  await createNamespace(kubectl, namespace);
});
afterAll(() => cluster?.stop());

const overlapping = { name: 'ci', rotation: { overlap: '2h' } };
const mark = ({ metadata: { labels, annotations } }: BackedUp) => ({
  ...annotations,
  [adopt]: `${labels['ghippo.io/access-key']}/${labels['ghippo.io/key-pair']}`,
});
const get = (name: string, where = namespace) => kubectl.get<AccessKeyObject>('accesskey', name, '-n', where);
const secretOf = (name: string) => kubectl.get<BackedUp>('secret', `${name}-ci`, '-n', namespace);

/** Creates an AccessKey, rotates its key pair and copies the objects. */
async function backUp(name: string): Promise<Backup> {
  const previous = await createPair(kubectl, accessKeyManifest(namespace, name, { keyPairs: [overlapping] }));
  const rotated = accessKeyManifest(namespace, name, { keyPairs: [{ ...overlapping, revision: 2 }] });
  await kubectl.apply(rotated);
  await poll('the rotation', async () => (await get(name)).status.keyPairs?.[0]?.state === 'Rotating');
  const accessKey = await kubectl.get<BackedUp>('accesskey', name, '-n', namespace);
  return {
    name,
    accessKey,
    secrets: [await secretOf(name)],
    current: await readPair(kubectl, namespace, `${name}-ci`),
    previous,
  };
}

async function remove({ name, secrets, current }: Backup): Promise<void> {
  await kubectl.run(['delete', 'accesskey', name, '-n', namespace]);
  const names = secrets.map(({ metadata }) => metadata.name);
  await kubectl.run(['delete', 'secret', ...names, '-n', namespace, '--ignore-not-found']);
  await pairStops(operator.url, current);
}

/** Without the fields that a backup tool removes, the owner and the status among them. */
function clean({ status: _, ...object }: BackedUp): BackedUp {
  const { name, labels, annotations } = object.metadata;
  return { ...object, metadata: { name, namespace: object.metadata.namespace, labels, annotations } };
}

const marked = (secret: BackedUp) => ({ ...secret, metadata: { ...secret.metadata, annotations: mark(secret) } });
const create = (object: object) => kubectl.run(['create', '-f', '-'], JSON.stringify(object));
const createSecrets = async ({ secrets }: Backup) => {
  for (const one of secrets) await create(marked(clean(one)));
};
const createAccessKey = ({ accessKey }: Backup) => create(clean(accessKey));
const annotate = ({ name }: Backup) =>
  kubectl.run(['annotate', 'secret', `${name}-ci`, '-n', namespace, `${adopt}=${name}/ci`]);

/** Runs an action while no operator runs. */
async function whileStopped(action: () => Promise<unknown>): Promise<void> {
  await operator.stop();
  await action();
  operator = await startOperator();
}

async function expectRestored({ name, current, previous, accessKey }: Backup): Promise<void> {
  const { status } = await waitReady(kubectl, namespace, name);
  const { validUntil } = accessKey.status?.keyPairs?.[0]?.previous ?? {};
  expect(status.keyPairs).toMatchObject([
    { accessKey: current.ak, state: 'Rotating', previous: { accessKey: previous.ak, validUntil } },
  ]);
  for (const pair of [current, previous]) await getToken(operator.url, pair);
  const { metadata } = await secretOf(name);
  expect(metadata.annotations).not.toHaveProperty(adopt);
  expect(metadata.ownerReferences).toMatchObject([{ uid: (await get(name)).metadata.uid }]);
}

async function expectStopped(...pairs: Pair[]): Promise<void> {
  for (const pair of pairs) expect((await fetch(tokenUrl(operator.url, pair))).status).toBe(401);
}

describe('both key pairs of an overlap stay valid', () => {
  test('if the marked Secrets are created before the AccessKeys', async () => {
    const backup = await backUp('secrets-first');
    await remove(backup);
    await createSecrets(backup);
    await expectStopped(backup.current, backup.previous);
    await createAccessKey(backup);
    await expectRestored(backup);
  });

  test.each([
    ['Secrets', 'AccessKeys', [createSecrets, createAccessKey]],
    ['AccessKeys', 'Secrets', [createAccessKey, createSecrets]],
  ] as const)('if %s and then %s are created while no operator runs', async (first, _, steps) => {
    const backup = await backUp(`stopped-${first.toLowerCase()}`);
    await remove(backup);
    await whileStopped(async () => {
      for (const step of steps) await step(backup);
    });
    await expectRestored(backup);
  });

  test('if the Secrets are marked only after the AccessKeys exist, as after Velero', async () => {
    const backup = await backUp('marked-last');
    await remove(backup);
    for (const one of backup.secrets) await create(clean(one));
    await createAccessKey(backup);
    const stalled = await waitObserved(kubectl, namespace, backup.name);
    expect(conditionOf(stalled, 'Stalled')).toMatchObject({ reason: 'SecretConflict' });
    expect(conditionOf(stalled, 'Stalled')?.message).toContain(`${adopt}=marked-last/ci`);
    await expectStopped(backup.current, backup.previous);
    await annotate(backup);
    await expectRestored(backup);
  });

  test('if the status is restored too', async () => {
    const backup = await backUp('with-status');
    await remove(backup);
    await whileStopped(async () => {
      await createSecrets(backup);
      await createAccessKey(backup);
      const { status } = backup.accessKey;
      const patch = JSON.stringify({ status });
      const args = ['patch', 'accesskey', backup.name, '-n', namespace, '--subresource=status', '--type=merge'];
      await kubectl.run([...args, '-p', patch]);
    });
    await expectRestored(backup);
  });

  test('if only the status is lost', async () => {
    const backup = await backUp('no-status');
    const args = ['patch', 'accesskey', backup.name, '-n', namespace, '--subresource=status', '--type=json'];
    await whileStopped(() => kubectl.run([...args, '-p', JSON.stringify([{ op: 'remove', path: '/status' }])]));
    await expectRestored(backup);
  });

  test('if they are restored twice', async () => {
    const backup = await backUp('twice');
    await remove(backup);
    await createSecrets(backup);
    await createAccessKey(backup);
    await expectRestored(backup);
    await expect(createSecrets(backup)).rejects.toThrow(/already exists/);
    await expect(createAccessKey(backup)).rejects.toThrow(/already exists/);
    for (const one of backup.secrets) await kubectl.apply(marked(clean(one)));
    await kubectl.apply(clean(backup.accessKey));
    await poll('the mark to be removed', async () => !(await secretOf('twice')).metadata.annotations[adopt]);
    await expectRestored(backup);
  });

  test('if the AccessKey is deleted as an orphan and applied again', async () => {
    const backup = await backUp('gitops');
    await kubectl.run(['delete', 'accesskey', 'gitops', '-n', namespace, '--cascade=orphan']);
    await annotate(backup);
    await kubectl.apply(clean(backup.accessKey));
    await expectRestored(backup);
  });
});

describe('an AccessKey that is restored before its Secret, while the operator runs', () => {
  test('gets a new key pair, which a restore with updates replaces with those of the backup', async () => {
    const backup = await backUp('access-keys-first');
    await remove(backup);
    await createAccessKey(backup);
    await waitReady(kubectl, namespace, backup.name);
    const generated = await readPair(kubectl, namespace, `${backup.name}-ci`);
    await getToken(operator.url, generated);
    await expect(createSecrets(backup)).rejects.toThrow(/already exists/);
    await expectStopped(backup.current, backup.previous);

    const [{ metadata, data }] = backup.secrets as [BackedUp];
    const patch = JSON.stringify({ metadata: { annotations: metadata.annotations }, data });
    await kubectl.run(['patch', 'secret', metadata.name, '-n', namespace, '--type=merge', '-p', patch]);
    await pairStops(operator.url, generated);
    await poll('the key pair', async () => (await get(backup.name)).status.keyPairs?.[0]?.state === 'Rotating');
    await expectRestored(backup);
  });
});

describe('a Secret', () => {
  test('with the ownerReference of the former AccessKey is deleted, and the AccessKey gets a new key pair', async () => {
    const backup = await backUp('old-owner');
    await remove(backup);
    await whileStopped(async () => {
      await createAccessKey(backup);
      const [secret] = backup.secrets as [BackedUp];
      const { ownerReferences } = secret.metadata;
      await create({ ...clean(secret), metadata: { ...clean(secret).metadata, ownerReferences } });
    });
    await waitReady(kubectl, namespace, backup.name);
    const generated = await readPair(kubectl, namespace, `${backup.name}-ci`);
    expect(generated.ak).not.toBe(backup.current.ak);
    await getToken(operator.url, generated);
    await expectStopped(backup.current, backup.previous);
  });

  test('without its annotations keeps the current key pair and loses the previous one', async () => {
    const backup = await backUp('no-annotations');
    await remove(backup);
    for (const one of backup.secrets) {
      const { metadata, ...rest } = clean(one);
      await create({ ...rest, metadata: { ...metadata, annotations: { [adopt]: mark(one)[adopt] } } });
    }
    await createAccessKey(backup);
    const { status } = await waitReady(kubectl, namespace, backup.name);
    expect(status.keyPairs).toMatchObject([{ accessKey: backup.current.ak, state: 'Active' }]);
    await getToken(operator.url, backup.current);
    await expectStopped(backup.previous);
    await poll('the previous pair to be removed', async () => {
      const { data } = await secretOf(backup.name);
      return (
        Object.keys(data ?? {})
          .sort()
          .join() === 'ak,sk'
      );
    });
  });

  test('that is missing in the backup is created with a new key pair; the other one stays', async () => {
    const manifest = accessKeyManifest(namespace, 'half', { keyPairs: [{ name: 'ci' }, { name: 'laptop' }] });
    const ci = await createPair(kubectl, manifest);
    const laptop = await readPair(kubectl, namespace, 'half-laptop');
    const secret = await secretOf('half');
    await kubectl.run(['delete', 'accesskey', 'half', '-n', namespace]);
    await kubectl.run(['delete', 'secret', 'half-ci', 'half-laptop', '-n', namespace, '--ignore-not-found']);
    await create(marked(clean(secret)));
    await kubectl.apply(manifest);
    await waitReady(kubectl, namespace, 'half');
    expect(await readPair(kubectl, namespace, 'half-ci')).toEqual(ci);
    await getToken(operator.url, ci);
    await getToken(operator.url, await readPair(kubectl, namespace, 'half-laptop'));
    await expectStopped(laptop);
  });
});

describe('a copy in another namespace', () => {
  test('gets no tokens while the original exists, then takes over with the same key pairs', async () => {
    const backup = await backUp('moved');
    const copies = await createNamespace(kubectl, 'copies');
    const moveTo = (object: BackedUp) => ({ ...object, metadata: { ...object.metadata, namespace: copies } });
    for (const one of backup.secrets) await create(moveTo(marked(clean(one))));
    await create(moveTo(clean(backup.accessKey)));
    const copy = await waitObserved(kubectl, copies, backup.name);
    expect(conditionOf(copy, 'Stalled')).toMatchObject({ reason: 'UserClaimed' });
    const [, claims = ''] = (await getToken(operator.url, backup.current)).split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      sub: (await get(backup.name)).metadata.uid,
    });
    await kubectl.run(['delete', 'accesskey', backup.name, '-n', namespace]);
    const { status } = await waitReady(kubectl, copies, backup.name);
    expect(status.keyPairs).toMatchObject([{ accessKey: backup.current.ak, state: 'Rotating' }]);
    for (const pair of [backup.current, backup.previous]) await getToken(operator.url, pair);
  });
});

describe('the overlap', () => {
  // Last, because the clock only goes forward.
  test('ends at the time that was recorded before the restore', async () => {
    const backup = await backUp('ending');
    await remove(backup);
    await createSecrets(backup);
    clock.shift(1.5 * hour);
    await createAccessKey(backup);
    await expectRestored(backup);
    clock.shift(2 * hour + 1);
    await pairStops(operator.url, backup.previous);
    await getToken(operator.url, backup.current);
  });
});

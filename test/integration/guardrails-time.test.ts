/** The current time that the policy of the guardrails uses: that of the write, which a client cannot forge. */
import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ControlPlane } from '../../tools/control-plane/control-plane.ts';
import type { Kubectl } from '../../tools/kubectl.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { rejectionOf as dryRun, installGuardrails } from '../support/guardrails.ts';
import { accessKeyManifest, createNamespace } from '../support/platform.ts';

const hour = 3_600_000;
const inHours = (hours: number) => new Date(Date.now() + hours * hour).toISOString();
const inFuture = '2100-01-01T00:00:00Z';

let cluster: TestCluster;
let kubectl: Kubectl;

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  await createNamespace(kubectl, 'team');
  await (await installGuardrails(kubectl)).set({ maxKeyPairLifetime: '720h' });
});
afterAll(() => cluster?.stop());

interface Stored {
  metadata: { creationTimestamp: string; labels?: Record<string, string>; managedFields: { time?: string }[] };
  spec: { keyPairs: Record<string, unknown>[] };
}
const stored = (name: string) => kubectl.get<Stored>('accesskey', name, '-n', 'team', '--show-managed-fields');
const rejectionOf = (manifest: object, verb: string, ...args: string[]) => dryRun(kubectl, manifest, verb, ...args);
const patch = (...args: string[]) =>
  kubectl.run(['patch', 'accesskey', '-n', 'team', '--dry-run=server', ...args]).then(
    () => 'accepted',
    (error: Error) => error.message,
  );
const denied = 'expiresAt: must be at most 720h';

/** Moves the creation and the writes of an AccessKey into the past, which no API server does. */
async function age({ etcd, directory }: ControlPlane, name: string, hours: number): Promise<void> {
  const key = Buffer.from(`/${basename(directory)}/ghippo.io/accesskeys/team/${name}`).toString('base64');
  const call = async (method: string, body: object) => {
    const answer = await fetch(`${etcd}/v3/kv/${method}`, { method: 'POST', body: JSON.stringify(body) });
    return (await answer.json()) as { kvs?: { value: string }[] };
  };
  const [found] = (await call('range', { key })).kvs ?? [];
  const object = JSON.parse(Buffer.from(found?.value ?? '', 'base64').toString()) as Stored;
  const time = inHours(-hours).replace(/\.\d+Z$/, 'Z');
  object.metadata.creationTimestamp = time;
  for (const entry of object.metadata.managedFields) entry.time = time;
  await call('put', { key, value: Buffer.from(JSON.stringify(object)).toString('base64') });
  expect((await stored(name)).metadata.creationTimestamp).toBe(time);
}

describe('of an AccessKey that is older than the longest lifetime', () => {
  const main = { name: 'main', expiresAt: inHours(10) };
  const off = { name: 'off', enabled: false, expiresAt: inHours(700) };
  const withPairs = (...keyPairs: object[]) => accessKeyManifest('team', 'aged', { keyPairs });
  const replace = async (...keyPairs: object[]) => {
    const object = await stored('aged');
    return rejectionOf({ ...object, spec: { ...object.spec, keyPairs } }, 'replace');
  };

  beforeAll(async () => {
    await kubectl.apply(withPairs(main, off));
    await age(cluster.controlPlane, 'aged', 1000);
  });

  test('is that of a write that adds a key pair', async () => {
    expect(await replace(main, { name: 'new', expiresAt: inHours(720) })).toBe('accepted');
    expect(await replace(main, { name: 'new', expiresAt: inHours(721) })).toContain(denied);
  });

  test('is that of a write that changes expiresAt', async () => {
    expect(await replace({ ...main, expiresAt: inHours(720) }, off)).toBe('accepted');
    expect(await replace({ ...main, expiresAt: inHours(721) }, off)).toContain(denied);
  });

  test('is that of a write that enables a key pair', async () => {
    expect(await replace(main, { ...off, enabled: true })).toBe('accepted');
    const enabled = JSON.stringify({ spec: { keyPairs: [main, { ...off, enabled: null }] } });
    expect(await patch('aged', '--type=merge', '-p', enabled)).toBe('accepted');
  });

  test('is that of a write that raises the revision', async () => {
    expect(await replace({ ...main, revision: 2, rotation: { overlap: '1h' } })).toBe('accepted');
  });

  test('is that of kubectl apply, also server-side', async () => {
    const added = withPairs(main, { name: 'new', expiresAt: inHours(720) });
    const late = withPairs(main, { name: 'new', expiresAt: inHours(721) });
    expect(await rejectionOf(added, 'apply')).toBe('accepted');
    expect(await rejectionOf(late, 'apply')).toContain(denied);
    const other = (pair: object) => withPairs({ ...off, ...pair });
    const serverSide = ['--server-side', '--field-manager=gitops', '--force-conflicts'];
    expect(await rejectionOf(other({ expiresAt: inHours(720), enabled: true }), 'apply', ...serverSide)).toBe(
      'accepted',
    );
    expect(await rejectionOf(other({ expiresAt: inHours(721), enabled: true }), 'apply', ...serverSide)).toContain(
      denied,
    );
  });

  test('is the creation of the AccessKey if a write only changes the rotation', async () => {
    expect(await replace({ ...main, rotation: { overlap: '1h' } })).toContain(denied);
  });
});

describe('is not one that a client adds to managedFields', () => {
  const second = { name: 'second', expiresAt: inHours(5000) };
  const unchanged = { 'f:spec': { 'f:user': { 'f:name': {} } } };
  let count = 0;
  const forged = (length: number, fieldsV1: object = unchanged) =>
    Array.from({ length }, (_, index) => ({
      ...{ apiVersion: 'ghippo.io/v1alpha1', fieldsType: 'FieldsV1', operation: 'Update' },
      ...{ manager: `forged-${index}`, time: inFuture, fieldsV1 },
    }));
  const pairFields = (fields: object) => ({ 'f:spec': { 'f:keyPairs': { 'k:{"name":"second"}': fields } } });
  // Not with kubectl apply, with which a later write also changes an annotation.
  const create = (object: string, ...keyPairs: object[]) =>
    kubectl.run(['create', '-f', '-'], JSON.stringify(accessKeyManifest('team', object, { keyPairs })));

  test.each([
    ['an entry', forged(1)],
    // The API server keeps ten entries, and merges the oldest, which is that of the write.
    ['entries that displace that of the write', forged(10)],
    ['an entry with the new field', forged(1, pairFields({ '.': {}, 'f:name': {}, 'f:expiresAt': {} }))],
    ['an entry with something below the new field', forged(1, pairFields({ 'f:expiresAt': { 'f:x': {} } }))],
  ])('in the same write: %s', async (_, entries) => {
    const name = `in-one-${count++}`;
    await create(name);
    const object = await stored(name);
    object.metadata.managedFields.push(...entries);
    object.spec.keyPairs = [second];
    expect(await rejectionOf(object, 'replace')).toContain(denied);
  });

  test('in an earlier write, also if another entry has the time of this write', async () => {
    await create('earlier');
    const object = await stored('earlier');
    // One for each second of the next five minutes. The API server keeps all entries of server-side apply.
    const soon = Array.from({ length: 300 }, (_, index) => ({
      ...forged(1)[0],
      ...{ operation: 'Apply', manager: `soon-${index}`, time: inHours(index / 3600).replace(/\.\d+Z$/, 'Z') },
    }));
    object.metadata.managedFields.push(...soon, ...forged(1));
    object.metadata.labels = { changed: 'yes' };
    await kubectl.run(['replace', '-f', '-'], JSON.stringify(object));
    const planted = await stored('earlier');
    expect(planted.metadata.managedFields.map(({ time }) => time)).toContain(inFuture);
    planted.spec.keyPairs = [second];
    expect(await rejectionOf(planted, 'replace')).toContain(denied);
  });

  test('in a write that only removes fields, which has no entry', async () => {
    // No operator runs, so the key pair is not created, as if another Secret had its name.
    const rotated = { name: 'main', expiresAt: inFuture, rotation: { interval: '720h' } };
    await create('removes', rotated);
    const object = await stored('removes');
    delete object.spec.keyPairs[0]?.rotation;
    object.metadata.managedFields = forged(1);
    expect(await rejectionOf(object, 'replace')).toContain(denied);
  });
});

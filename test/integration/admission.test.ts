import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Kubectl } from '../../tools/kubectl.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { accessKeyManifest, createNamespace } from '../support/platform.ts';

let cluster: TestCluster;
let kubectl: Kubectl;

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  await createNamespace(kubectl, 'team');
  await createNamespace(kubectl, 'other');
  await kubectl.run(['create', 'rolebinding', 'editors', '-n', 'team', '--clusterrole=edit', '--group=team-editors']);
});
afterAll(() => cluster?.stop());

/** Runs kubectl as mallory, who may edit the namespace team: the built-in role `edit`, with AccessKeys by aggregation. */
const asEditor = (args: string[], manifest?: object) =>
  kubectl.run(
    [...args, '--as=mallory', '--as-group=team-editors', '--as-group=contractors'],
    manifest && JSON.stringify(manifest),
  );
const create = (manifest: object) => asEditor(['create', '-f', '-'], manifest);
const asAdmin = (args: string[], manifest: object) => kubectl.run([...args, '-f', '-'], JSON.stringify(manifest));

describe('what the schema refuses, with a message that names the field', () => {
  const pairs = (...keyPairs: object[]) => accessKeyManifest('team', 'bad', { keyPairs });
  const user = (name: unknown, groups?: unknown) => ({
    ...accessKeyManifest('team', 'bad'),
    spec: { user: { name, groups } },
  });
  test.each([
    ['a third pair', pairs({ name: 'a' }, { name: 'b' }, { name: 'c' }), /spec\.keyPairs.*must have at most 2 items/],
    ['two pairs of one name', pairs({ name: 'a' }, { name: 'a' }), /keyPairs\[1\].*Duplicate value/],
    ['a pair name in capitals', pairs({ name: 'CI' }), /keyPairs\[0\]\.name/],
    ['a pair without a name', pairs({}), /keyPairs\[0\]\.name: Required/],
    ['no user', { ...accessKeyManifest('team', 'bad'), spec: {} }, /spec\.user: Required/],
    ['an empty user name', user(''), /spec\.user\.name/],
    ['a user name with a line break', user('a\nb'), /spec\.user\.name/],
    ['a user name with blanks around it', user(' a '), /spec\.user\.name/],
    ['a group that is there twice', user('a', ['g', 'g']), /spec\.user\.groups\[1\].*Duplicate/],
    ['an expiry that is no time', pairs({ name: 'a', expiresAt: 'tomorrow' }), /keyPairs\[0\]\.expiresAt/],
    ['an expiry without a zone', pairs({ name: 'a', expiresAt: '2027-01-01T00:00:00' }), /keyPairs\[0\]\.expiresAt/],
    ['a Secret name that is none', pairs({ name: 'a', secret: { name: 'Not_a_name' } }), /secret\.name/],
    [
      'one Secret for two pairs',
      pairs({ name: 'a', secret: { name: 's' } }, { name: 'b', secret: { name: 's' } }),
      /secret\.name must differ between the key pairs/,
    ],
    [
      "a Secret name that is the other pair's default",
      pairs({ name: 'a' }, { name: 'b', secret: { name: 'bad-a' } }),
      /secret\.name must differ between the key pairs/,
    ],
    ['a name of more than 63 characters', accessKeyManifest('team', 'a'.repeat(64)), /no longer than 63 characters/],
    ['an unknown field', pairs({ name: 'a', rotate: true }), /unknown field "spec\.keyPairs\[0\]\.rotate"/],
  ])('%s', async (_what, manifest, message) => {
    await expect(asAdmin(['create'], manifest)).rejects.toThrow(message);
  });

  test('another user for an AccessKey that is there', async () => {
    await asAdmin(['create'], accessKeyManifest('other', 'fixed'));
    const change = [
      'patch',
      'accesskey',
      'fixed',
      '-n',
      'other',
      '--type=merge',
      '-p',
      '{"spec":{"user":{"name":"x"}}}',
    ];
    await expect(kubectl.run(change)).rejects.toThrow(/spec\.user\.name.*user\.name is immutable/);
  });

  test('what is right is accepted, with enabled by default', async () => {
    await asAdmin(['create'], accessKeyManifest('other', 'right', { keyPairs: [{ name: 'a' }, { name: 'b' }] }));
    const { spec, status } = await kubectl.get<{ spec: { keyPairs: object[] }; status: object }>(
      'accesskey',
      'right',
      '-n',
      'other',
    );
    expect(spec.keyPairs).toEqual([
      { name: 'a', enabled: true },
      { name: 'b', enabled: true },
    ]);
    expect(status).toEqual({ observedGeneration: -1 });
  });
});

describe('each escalation that a namespace editor may try is refused', () => {
  const naming = (name: string, groups: string[] = [], accessKey = 'escalation') =>
    accessKeyManifest('team', accessKey, { user: { name, groups } });

  test.each([
    ['the name of another user', naming('alice'), /spec\.user\.name.*mallory.*alice/],
    ['a group that they are not in', naming('mallory', ['admins']), /spec\.user\.groups.*admins/],
    ['one such group among their own', naming('mallory', ['contractors', 'admins']), /spec\.user\.groups.*admins/],
    ['system:masters', naming('mallory', ['system:masters']), /spec\.user\.groups.*system:masters/],
    ['system:authenticated, in which everybody is', naming('mallory', ['system:authenticated']), /spec\.user\.groups/],
    ['a ServiceAccount of their namespace', naming('system:serviceaccount:team:default'), /spec\.user\.name/],
    ['a system user', naming('system:admin'), /spec\.user\.name/],
  ])('%s', async (_what, manifest, message) => {
    await expect(create(manifest)).rejects.toThrow(message);
    await expect(asEditor(['apply', '--server-side', '-f', '-'], manifest)).rejects.toThrow(message);
  });

  test('groups added to their own AccessKey later, by update, patch and server-side apply', async () => {
    await create(naming('mallory', ['contractors'], 'mallory'));
    const more = { spec: { user: { groups: ['contractors', 'admins'] } } };
    const patch = ['patch', 'accesskey', 'mallory', '-n', 'team', '--type=merge', '-p', JSON.stringify(more)];
    await expect(asEditor(patch)).rejects.toThrow(/spec\.user\.groups.*admins/);
    const manifest = naming('mallory', ['contractors', 'admins'], 'mallory');
    await expect(asEditor(['replace', '-f', '-'], manifest)).rejects.toThrow(/spec\.user\.groups.*admins/);
    await expect(asEditor(['apply', '--server-side', '--force-conflicts', '-f', '-'], manifest)).rejects.toThrow(
      /spec\.user\.groups.*admins/,
    );
  });

  test("a pair added to another user's AccessKey in their namespace, or one enabled again", async () => {
    await asAdmin(['create'], naming('alice', [], 'alice'));
    const add = { spec: { keyPairs: [{ name: 'main' }, { name: 'mine' }] } };
    const patch = ['patch', 'accesskey', 'alice', '-n', 'team', '--type=merge', '-p'];
    await expect(asEditor([...patch, JSON.stringify(add)])).rejects.toThrow(/spec\.user\.name.*alice/);
    const rename = { spec: { keyPairs: [{ name: 'main', secret: { name: 'elsewhere' } }] } };
    await expect(asEditor([...patch, JSON.stringify(rename)])).rejects.toThrow(/spec\.user\.name.*alice/);
  });

  test('status, by which a pair might seem known, is not theirs to write', async () => {
    const patch = ['patch', 'accesskey', 'alice', '-n', 'team', '--subresource=status', '--type=merge', '-p'];
    await expect(asEditor([...patch, '{"status":{"userID":"x"}}'])).rejects.toThrow(/forbidden/i);
  });

  test('an AccessKey outside their namespace', async () => {
    await expect(create(accessKeyManifest('other', 'mallory'))).rejects.toThrow(/forbidden/i);
  });

  test('what they may: their own name and groups, labels of any AccessKey, deleting', async () => {
    const relabel = ['label', 'accesskey', 'alice', '-n', 'team', 'seen=yes'];
    expect(await asEditor(relabel)).toContain('labeled');
    expect(await asEditor(['delete', 'accesskey', 'alice', 'mallory', '-n', 'team'])).toContain('deleted');
    expect(await create(naming('mallory', ['contractors', 'team-editors'], 'again'))).toContain('created');
  });

  test('who may impersonate a user and a group may name them, and no others', async () => {
    const rules = [
      { apiGroups: [''], resources: ['users'], resourceNames: ['bot'], verbs: ['impersonate'] },
      { apiGroups: [''], resources: ['groups'], resourceNames: ['bots', 'system:bots'], verbs: ['impersonate'] },
    ];
    const rbac = 'rbac.authorization.k8s.io/v1';
    await kubectl.apply({ apiVersion: rbac, kind: 'ClusterRole', metadata: { name: 'bots' }, rules });
    await kubectl.run(['create', 'clusterrolebinding', 'bots', '--clusterrole=bots', '--user=mallory']);
    expect(await create(naming('bot', ['bots', 'system:bots'], 'bot'))).toContain('created');
    await expect(create(naming('bot2', ['bots'], 'bot2'))).rejects.toThrow(/spec\.user\.name/);
    await expect(create(naming('bot', ['bots', 'admins'], 'bot3'))).rejects.toThrow(/spec\.user\.groups/);
  });
});

describe('the operator itself', () => {
  const can = (verb: string, resource: string, ...more: string[]) =>
    kubectl
      .run(['auth', 'can-i', verb, resource, '--as=system:serviceaccount:accesskey-system:accesskey-operator', ...more])
      .then((answer) => answer.trim())
      .catch((error: Error) => error.message);

  test.each([
    ['update', 'accesskeys.ghippo.io'],
    ['create', 'accesskeys.ghippo.io'],
    ['patch', 'accesskeys.ghippo.io'],
    ['impersonate', 'users'],
    ['create', 'pods'],
    ['get', 'configmaps'],
    ['update', 'secrets'],
    ['escalate', 'clusterroles.rbac.authorization.k8s.io'],
  ])('may not %s %s', async (verb, resource) => {
    expect(await can(verb, resource, '-A')).not.toBe('yes');
  });

  test('may write status', async () => {
    expect(await can('patch', 'accesskeys.ghippo.io', '--subresource=status', '-A')).toBe('yes');
  });
});

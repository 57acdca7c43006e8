import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Kubectl } from '../../tools/kubectl.ts';
import { poll } from '../../tools/poll.ts';
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
  // The role edit can impersonate the ServiceAccounts of its namespace; writers can only write the two kinds.
  const writer = ['--verb=create,update,patch,get', '--resource=accesskeys.ghippo.io,secrets'];
  await kubectl.run(['create', 'role', 'writer', '-n', 'team', ...writer]);
  await kubectl.run(['create', 'rolebinding', 'writers', '-n', 'team', '--role=writer', '--group=writers']);
});
afterAll(() => cluster?.stop());

/** Runs kubectl as mallory, who has the built-in role `edit` in the namespace team, aggregated with AccessKeys. */
const asEditor = (args: string[], manifest?: object) =>
  kubectl.run(
    [...args, '--as=mallory', '--as-group=team-editors', '--as-group=contractors'],
    manifest && JSON.stringify(manifest),
  );
/** Runs kubectl as a user in these groups who can write AccessKeys and Secrets in the namespace team. */
const asWriter = (user: string, args: string[], manifest?: object, groups: string[] = []) =>
  kubectl.run(
    [...args, `--as=${user}`, ...['writers', ...groups].map((group) => `--as-group=${group}`)],
    manifest && JSON.stringify(manifest),
  );
/** Permits a user to impersonate, in the whole cluster or in one namespace. */
function mayImpersonate(user: string, rules: object[], namespace?: string): Promise<void> {
  const verbs = { apiGroups: [''], verbs: ['impersonate'] };
  return permit(
    user,
    rules.map((rule) => ({ ...verbs, ...rule })),
    namespace,
  );
}
async function permit(user: string, rules: object[], namespace?: string): Promise<void> {
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const [role, metadata] = [namespace ? 'Role' : 'ClusterRole', { name: `permit-${user}`, namespace }];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: role, name: metadata.name };
  await kubectl.apply({ apiVersion, kind: role, metadata, rules });
  const subjects = [{ apiGroup: roleRef.apiGroup, kind: 'User', name: user }];
  await kubectl.apply({ apiVersion, kind: `${role}Binding`, metadata, roleRef, subjects });
}
const dryRun = ['create', '--dry-run=server', '-f', '-'];
const create = (manifest: object) => asEditor(['create', '-f', '-'], manifest);
const asAdmin = (args: string[], manifest: object) => kubectl.run([...args, '-f', '-'], JSON.stringify(manifest));

describe('the schema rejects, with a message that names the field,', () => {
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
    [
      'a group that is there twice',
      user('a', ['g', 'g']),
      /spec\.user\.groups: Invalid value.*user\.groups must not contain duplicates: g/,
    ],
    [
      'a seventeenth group',
      user(
        'a',
        Array.from({ length: 17 }, (_, i) => `g${i}`),
      ),
      /spec\.user\.groups.*must have at most 16 items/,
    ],
    ['a revision above 2^53-1', pairs({ name: 'a', revision: 9007199254740992 }), /keyPairs\[0\]\.revision/],
    [
      'a list as expiresAt',
      pairs({ name: 'a', expiresAt: ['2100-01-01T00:00:00Z'] }),
      /expiresAt must be a time such as/,
    ],
    [
      'an interval in days',
      pairs({ name: 'a', rotation: { interval: '30d' } }),
      /rotation\.interval: Invalid value: "30d": rotation\.interval must be a duration in hours, minutes and seconds such as 720h/,
    ],
    [
      'an overlap in days',
      pairs({ name: 'a', rotation: { overlap: '7d' } }),
      /rotation\.overlap: Invalid value: "7d": rotation\.overlap must be a duration in hours, minutes and seconds/,
    ],
    ['a revision below 1', pairs({ name: 'a', revision: 0 }), /keyPairs\[0\]\.revision/],
    ['a rotation of nothing', pairs({ name: 'a', rotation: {} }), /rotation.*at least 1 propert/],
    [
      'an interval that is no duration',
      pairs({ name: 'a', rotation: { interval: '30 days' } }),
      /keyPairs\[0\]\.rotation\.interval/,
    ],
    [
      'an interval under an hour',
      pairs({ name: 'a', rotation: { interval: '59m' } }),
      /rotation\.interval must be at least 1h/,
    ],
    [
      'an overlap as long as the interval',
      pairs({ name: 'a', rotation: { interval: '24h', overlap: '24h' } }),
      /rotation\.overlap must be shorter than rotation\.interval/,
    ],
    [
      'an overlap while another pair is live: three would be',
      pairs({ name: 'a', rotation: { interval: '24h', overlap: '1h' } }, { name: 'b' }),
      /at most two key pairs may be live.*remove rotation\.overlap, or disable or remove the other pair/,
    ],
    [
      'one data key for ak and sk',
      pairs({ name: 'a', secret: { akKey: 'sk' } }),
      /secret\.akKey and secret\.skKey must differ/,
    ],
    ['the data key of the previous pair', pairs({ name: 'a', secret: { akKey: 'previous-ak' } }), /previous-ak/],
    [
      'a data key that no Secret can have',
      pairs({ name: 'a', secret: { akKey: '..a' } }),
      /akKey.*must be a valid Secret key/,
    ],
    [
      "a label of the operator's",
      pairs({ name: 'a', secret: { labels: { 'ghippo.io/key-pair': 'b' } } }),
      /labels.*are reserved for the operator/,
    ],
    ['a label that is none', pairs({ name: 'a', secret: { labels: { 'a b': 'c' } } }), /labels.*must be valid labels/],
    [
      'a label value that is none',
      pairs({ name: 'a', secret: { labels: { a: 'b c' } } }),
      /labels.*must be valid labels/,
    ],
    [
      "an annotation of kubectl's with the sk in it",
      pairs({ name: 'a', secret: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } } }),
      /annotations.*not allowed here/,
    ],
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
    [
      'a name of more than 63 characters',
      accessKeyManifest('team', 'a'.repeat(64)),
      /metadata\.name: .*no longer than 63 characters/,
    ],
    ['an unknown field', pairs({ name: 'a', rotate: true }), /unknown field "spec\.keyPairs\[0\]\.rotate"/],
  ])('%s', async (_what, manifest, message) => {
    await expect(asAdmin(['create'], manifest)).rejects.toThrow(message);
  });

  test.each(['+24:00', '+99:99', '-24:00', '+00:60'])('an expiry with the offset %s', async (offset) => {
    const manifest = pairs({ name: 'a', expiresAt: `2027-01-01T00:00:00${offset}` });
    await expect(asAdmin(['create'], manifest)).rejects.toThrow(/keyPairs\[0\]\.expiresAt/);
  });

  test.each(['200b', '202e', '85', '2066', 'feff', 'a0', '2800', 'e0041', 'fe0f', '3164'])(
    'a user name and a group with the invisible character U+%s',
    async (code) => {
      const name = `a${String.fromCodePoint(Number.parseInt(code, 16))}b`;
      await expect(asAdmin(['create'], user(name))).rejects.toThrow(
        /spec\.user\.name: .*user\.name must not contain invisible/,
      );
      await expect(asAdmin(['create'], user('a', [name]))).rejects.toThrow(
        /spec\.user\.groups: .*user\.groups must not contain invisible/,
      );
    },
  );

  test('a change of the user', async () => {
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
});

test('accepts valid AccessKeys and sets the default of enabled', async () => {
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

describe('the schema accepts', () => {
  test('a manifest without revision can be applied again after the revision was raised with kubectl patch', async () => {
    const manifest = accessKeyManifest('other', 'rotated', { keyPairs: [{ name: 'a' }] });
    await asAdmin(['apply'], manifest);
    const raised = JSON.stringify({ spec: { keyPairs: [{ name: 'a', revision: 2 }] } });
    await kubectl.run(['patch', 'accesskey', 'rotated', '-n', 'other', '--type=merge', '-p', raised]);
    const described = accessKeyManifest('other', 'rotated', { keyPairs: [{ name: 'a', description: 'CI' }] });
    expect(await asAdmin(['apply'], described)).toContain('configured');
    expect(await asAdmin(['apply', '--server-side', '--force-conflicts'], described)).toContain('serverside-applied');
    expect(await asAdmin(['replace'], manifest)).toContain('replaced');
  });

  test('offsets of real time zones, durations and the largest revision', async () => {
    const pair = { name: 'a', revision: Number.MAX_SAFE_INTEGER, rotation: { interval: '1h30m', overlap: '45s' } };
    for (const offset of ['Z', '+14:00', '-12:00', '+05:45']) {
      const manifest = accessKeyManifest('other', 'fine', {
        keyPairs: [{ ...pair, expiresAt: `2027-01-01T00:00:00${offset}` }],
      });
      expect(await asAdmin(['create', '--dry-run=server'], manifest)).toContain('created');
    }
  });

  test.each(['Zoë', '王小明', 'ann.o-neil@example.com', 'ann o neil', 'данные', 'مريم'])(
    'the user name %s',
    async (name) => {
      const manifest = accessKeyManifest('other', 'named', { user: { name, groups: [name] } });
      expect(await asAdmin(['create', '--dry-run=server'], manifest)).toContain('created');
    },
  );
});

test('an AccessKey whose user name has an invisible character from an older CRD can still be changed', async () => {
  const path = ['schema', 'openAPIV3Schema', 'properties', 'spec', 'properties', 'user', 'properties', 'name'];
  const rules = `/spec/versions/0/${path.join('/')}/x-kubernetes-validations`;
  const patchCrd = (operation: object) =>
    kubectl.run(['patch', 'crd', 'accesskeys.ghippo.io', '--type=json', '-p', JSON.stringify([operation])]);
  const { spec } = await kubectl.get<{ spec: { versions: [Record<string, unknown>] } }>('crd', 'accesskeys.ghippo.io');
  const name = path.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], spec.versions[0]);
  const rule = (name as { 'x-kubernetes-validations': object[] })['x-kubernetes-validations'][1];
  const manifest = (accessKey: string) => accessKeyManifest('other', accessKey, { user: { name: 'a\u200bb' } });
  const isAccepted = (args: string[], accessKey: string) =>
    asAdmin(args, manifest(accessKey)).then(
      () => true,
      () => false,
    );

  await patchCrd({ op: 'remove', path: `${rules}/1` });
  await poll('the older CRD', () => isAccepted(['create'], 'invisible'));
  await patchCrd({ op: 'add', path: `${rules}/1`, value: rule });
  await poll('the current CRD', async () => !(await isAccepted(['create', '--dry-run=server'], 'another')));
  const suspend = [
    'patch',
    'accesskey',
    'invisible',
    '-n',
    'other',
    '--type=merge',
    '-p',
    '{"spec":{"suspended":true}}',
  ];
  expect(await kubectl.run(suspend)).toContain('patched');
});

describe('a namespace editor', () => {
  const naming = (name: string, groups: string[] = [], accessKey = 'escalation') =>
    accessKeyManifest('team', accessKey, { user: { name, groups } });

  test.each([
    ['the name of another user', naming('alice'), /spec\.user\.name.*mallory.*alice/],
    ['a group that they are not in', naming('mallory', ['admins']), /spec\.user\.groups.*admins/],
    ['one such group among their own', naming('mallory', ['contractors', 'admins']), /spec\.user\.groups.*admins/],
    ['system:masters', naming('mallory', ['system:masters']), /spec\.user\.groups.*system:masters/],
    [
      'system:authenticated, of which everyone is a member',
      naming('mallory', ['system:authenticated']),
      /spec\.user\.groups/,
    ],
    [
      "another namespace's ServiceAccount",
      naming('system:serviceaccount:other:default'),
      /spec\.user\.name.*serviceaccounts default in namespace other/,
    ],
    ['a system user', naming('system:admin'), /spec\.user\.name/],
  ])('cannot escalate privileges with %s', async (_what, manifest, message) => {
    await expect(create(manifest)).rejects.toThrow(message);
    await expect(asEditor(['apply', '--server-side', '-f', '-'], manifest)).rejects.toThrow(message);
  });

  test('cannot add groups to their own AccessKey later', async () => {
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

  test("cannot add or change a pair in another user's AccessKey", async () => {
    await asAdmin(['create'], naming('alice', [], 'alice'));
    const add = { spec: { keyPairs: [{ name: 'main' }, { name: 'mine' }] } };
    const patch = ['patch', 'accesskey', 'alice', '-n', 'team', '--type=merge', '-p'];
    await expect(asEditor([...patch, JSON.stringify(add)])).rejects.toThrow(/spec\.user\.name.*alice/);
    const rename = { spec: { keyPairs: [{ name: 'main', secret: { name: 'elsewhere' } }] } };
    await expect(asEditor([...patch, JSON.stringify(rename)])).rejects.toThrow(/spec\.user\.name.*alice/);
  });

  test('cannot forge a status', async () => {
    const patch = ['patch', 'accesskey', 'alice', '-n', 'team', '--subresource=status', '--type=merge', '-p'];
    await expect(asEditor([...patch, '{"status":{"userID":"x"}}'])).rejects.toThrow(/forbidden/i);
  });

  test('cannot create an AccessKey in another namespace', async () => {
    await expect(create(accessKeyManifest('other', 'mallory'))).rejects.toThrow(/forbidden/i);
  });

  test('can use their own name and groups, and label and delete any AccessKey', async () => {
    const relabel = ['label', 'accesskey', 'alice', '-n', 'team', 'seen=yes'];
    expect(await asEditor(relabel)).toContain('labeled');
    expect(await asEditor(['delete', 'accesskey', 'alice', 'mallory', '-n', 'team'])).toContain('deleted');
    expect(await create(naming('mallory', ['contractors', 'team-editors'], 'again'))).toContain('created');
  });

  test('can name a user and a group that they can impersonate', async () => {
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

describe('the verbs name-user and name-group', () => {
  const naming = (verb: string, ...names: string[]) => ({
    apiGroups: ['ghippo.io'],
    resources: ['accesskeys'],
    verbs: [verb],
    resourceNames: names,
  });
  const groups = Array.from({ length: 16 }, (_, i) => `tenants-${i}`);
  const owned = (name: string, ...of: string[]) =>
    accessKeyManifest('team', 'named', { user: { name, groups: of }, keyPairs: [] });
  const as = (user: string, manifest: object) => asWriter(user, dryRun, manifest);
  const allowed = async (user: string, manifest: object) =>
    await poll(`the permission of ${user}`, async () => {
      const created = await as(user, manifest).catch((error: Error) => error.message);
      return created.includes('created (server dry run)') || undefined;
    });

  beforeAll(async () => {
    await permit('git', [naming('name-user', 'tess'), naming('name-group', ...groups, 'system:masters')]);
    await permit('half-git', [naming('name-user', 'tess')]);
    await permit('groups-git', [naming('name-group', ...groups)]);
    await permit('system-git', [naming('name-user', 'system:admin', 'system:serviceaccount:other:robot')]);
    const everything = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };
    await permit('landlord', [everything], 'team');
    await allowed('git', owned('tess'));
  });

  test('allow naming a user with sixteen groups', async () => {
    expect(await as('git', owned('tess', ...groups))).toContain('created');
    await expect(as('git', owned('tom'))).rejects.toThrow('git is not tom and cannot impersonate that user');
    await expect(as('git', owned('tess', 'admins'))).rejects.toThrow('git is not in admins');
  });

  test('do not allow requests as that user', async () => {
    const canI = (verb: string, what: string) => kubectl.run(['auth', 'can-i', verb, what, '--as=git']);
    // kubectl exits with 1 if the answer is no.
    await expect(canI('impersonate', 'users/tess')).rejects.toThrow('can-i impersonate users/tess');
    expect(await canI('name-user', 'accesskeys.ghippo.io/tess')).toContain('yes');
  });

  test('do not allow a group without name-group, nor a user without name-user', async () => {
    await allowed('half-git', owned('tess'));
    await expect(as('half-git', owned('tess', groups[0] ?? ''))).rejects.toThrow('spec.user.groups[0]: half-git');
    await expect(as('groups-git', owned('tess', groups[0] ?? ''))).rejects.toThrow('spec.user.name: groups-git');
  });

  test('do not allow a user or group that begins with system:', async () => {
    await expect(as('git', owned('tess', 'system:masters'))).rejects.toThrow('system:masters begins with system:');
    await expect(as('system-git', owned('system:admin'))).rejects.toThrow('system:admin begins with system:');
    const robot = 'system:serviceaccount:other:robot';
    await expect(as('system-git', owned(robot))).rejects.toThrow(`${robot} begins with system:`);
  });

  test('are not part of all verbs in one namespace', async () => {
    await allowed('landlord', owned('landlord'));
    await expect(as('landlord', owned('tess'))).rejects.toThrow('landlord is not tess');
    await expect(as('landlord', owned('landlord', groups[0] ?? ''))).rejects.toThrow('landlord is not in');
  });
});

describe('the message of a rejection names all groups that need a permission', () => {
  const naming = (name: string, groups: string[]) => accessKeyManifest('team', 'named', { user: { name, groups } });
  const long = Array.from({ length: 16 }, (_, i) => `${i}`.padEnd(253, 'g'));

  test('next to a rejected user', async () => {
    await expect(asWriter('eve', dryRun, naming('bob', ['writers', 'x', 'system:y']))).rejects.toThrow(
      'spec.user.name: eve is not bob and cannot impersonate that user ' +
        '(requires the verb impersonate on users bob and on groups x, system:y, or name-user and name-group on accesskeys)',
    );
  });

  test('after the first rejected group', async () => {
    await expect(asWriter('eve', dryRun, naming('eve', ['writers', 'x', 'y']))).rejects.toThrow(
      'spec.user.groups[1]: eve is not in x and cannot impersonate that group ' +
        '(requires the verb impersonate on groups x, y, or name-user and name-group on accesskeys)',
    );
  });

  test('unless it would be too long', async () => {
    await expect(asWriter('eve', dryRun, naming('b'.repeat(253), long))).rejects.toThrow(
      /spec\.user\.name: eve is not b{253} .* on users b{253} and on groups that you are not in, or /,
    );
    await expect(asWriter('eve', dryRun, naming('eve', long))).rejects.toThrow(
      /spec\.user\.groups\[0\]: eve is not in 0g{252} .* on groups that you are not in, or /,
    );
  });
});

describe('sixteen groups', () => {
  const groups = Array.from({ length: 16 }, (_, i) => `g${i}`);
  const naming = (name: string, named = groups) =>
    accessKeyManifest('team', 'grouped', { user: { name, groups: named } });
  const withForeignAt = (i: number) => groups.toSpliced(i, 1, 'foreign');

  beforeAll(() => mayImpersonate('deputy', [{ resources: ['groups'], resourceNames: groups }]));

  test('can be named by an administrator', async () => {
    expect(await asAdmin(['create', '--dry-run=server'], naming('grouped'))).toContain('created');
  });

  test('can be named by a member of all of them', async () => {
    expect(await asWriter('owner', dryRun, naming('owner'), groups)).toContain('created');
  });

  test('can be named by a user who can impersonate all of them', async () => {
    expect(await asWriter('deputy', dryRun, naming('deputy'))).toContain('created');
  });

  test.each(groups.map((_, i) => i))('are rejected with a foreign group at position %i', async (i) => {
    const named = withForeignAt(i);
    await expect(asWriter('owner', dryRun, naming('owner', named), groups)).rejects.toThrow(
      `spec.user.groups[${i}]: owner is not in foreign and cannot impersonate that group`,
    );
    await expect(asWriter('deputy', dryRun, naming('deputy', named))).rejects.toThrow(
      `spec.user.groups[${i}]: deputy is not in foreign and cannot impersonate that group`,
    );
  });

  test('are checked when a user who is not a member adds a pair to an AccessKey with their own name', async () => {
    await asAdmin(['create'], accessKeyManifest('team', 'own', { user: { name: 'mallory', groups: ['admins'] } }));
    const change = { spec: { keyPairs: [{ name: 'main' }, { name: 'mine' }] } };
    const patch = ['patch', 'accesskey', 'own', '-n', 'team', '--type=merge', '-p', JSON.stringify(change)];
    await expect(asEditor(patch)).rejects.toThrow(
      'spec.user.groups[0]: mallory is not in admins and cannot impersonate that group',
    );
    expect(await asWriter('mallory', patch, undefined, ['admins'])).toContain('patched');
  });
});

describe('the admission of an AccessKey that names a ServiceAccount', () => {
  const naming = (name: string) => accessKeyManifest('team', 'robot', { user: { name } });
  const robot = 'system:serviceaccount:other:robot';
  const malformed = [
    'system:serviceaccount:x',
    'system:serviceaccount:team:',
    'system:serviceaccount::default',
    'system:serviceaccount:team:a:b',
    'system:serviceaccount:Team:default',
    'system:serviceaccount:team:Default',
    'system:serviceaccount:team.x:default',
    `system:serviceaccount:${'n'.repeat(64)}:default`,
  ];

  beforeAll(async () => {
    await mayImpersonate('people-manager', [{ resources: ['users'] }]);
    await mayImpersonate('robot-manager', [{ resources: ['serviceaccounts'], resourceNames: ['robot'] }], 'other');
    await mayImpersonate('all-robots', [{ resources: ['serviceaccounts'] }]);
  });

  test('rejects a user who can impersonate users but no ServiceAccount', async () => {
    await expect(asWriter('people-manager', dryRun, naming(robot))).rejects.toThrow(
      `${robot} begins with system: and people-manager cannot impersonate that user ` +
        '(requires the verb impersonate on serviceaccounts robot in namespace other)',
    );
    const own = naming('system:serviceaccount:team:default');
    await expect(asWriter('people-manager', dryRun, own)).rejects.toThrow(/spec\.user\.name.*serviceaccounts default/);
    expect(await asWriter('people-manager', dryRun, naming('alice'))).toContain('created');
    expect(await asWriter('people-manager', dryRun, naming('system:node:n'))).toContain('created');
  });

  test('allows a user who can impersonate it in its namespace or by its name', async () => {
    expect(await asWriter('robot-manager', dryRun, naming(robot))).toContain('created');
    for (const name of [`${robot}2`, 'system:serviceaccount:team:robot', 'alice', 'system:node:n']) {
      await expect(asWriter('robot-manager', dryRun, naming(name))).rejects.toThrow(/spec\.user\.name/);
    }
  });

  test('allows an editor in their namespace, as kubectl --as does', async () => {
    const canI = ['auth', 'can-i', 'impersonate', 'serviceaccounts', '-n', 'team'];
    expect(await asEditor(canI)).toContain('yes');
    expect(await asEditor(dryRun, naming('system:serviceaccount:team:default'))).toContain('created');
  });

  test.each(malformed)('treats %s as a user name', async (name) => {
    const message = `(requires the verb impersonate on users ${name})`;
    await expect(asWriter('all-robots', dryRun, naming(name))).rejects.toThrow(message);
    await expect(asEditor(dryRun, naming(name))).rejects.toThrow(message);
    expect(await asWriter('people-manager', dryRun, naming(name))).toContain('created');
  });

  test('rejects a ServiceAccount that names itself without the permission', async () => {
    const self = 'system:serviceaccount:other:self';
    await expect(asWriter(self, dryRun, naming(self))).rejects.toThrow(/spec\.user\.name.*begins with system:/);
    await mayImpersonate(self, [{ resources: ['serviceaccounts'], resourceNames: ['self'] }], 'other');
    expect(await poll('the permission', () => asWriter(self, dryRun, naming(self)))).toContain('created');
  });

  test('checks the impersonated user of an administrator who uses --as', async () => {
    expect(await asAdmin(dryRun.slice(0, 2), naming('alice'))).toContain('created');
    await expect(asWriter('mallory', dryRun, naming('alice'))).rejects.toThrow(
      /spec\.user\.name: mallory is not alice/,
    );
    await expect(asWriter('mallory', dryRun, naming('admin'))).rejects.toThrow(
      /spec\.user\.name: mallory is not admin/,
    );
  });
});

describe('the policy for Secrets of key pairs', () => {
  const operator = '--as=system:serviceaccount:accesskey-system:accesskey-operator';
  const asOperator = (args: string[], manifest?: object) =>
    kubectl.run([...args, operator], manifest && JSON.stringify(manifest));
  const controlledBy = (uid: string, name: string, more: object = {}) => ({
    ownerReferences: [{ apiVersion: 'ghippo.io/v1alpha1', kind: 'AccessKey', name, uid, controller: true, ...more }],
  });
  const manifest = (name: string, metadata: object = {}, type = 'ghippo.io/access-key', namespace = 'team') => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, ...metadata },
    type,
    stringData: { ak: 'an-ak', sk: 'an-sk' },
  });
  const patchOf = (name: string, change: object) => [
    'patch',
    'secret',
    name,
    '-n',
    'team',
    '--type=merge',
    '-p',
    JSON.stringify(change),
  ];
  const owners = (name: string) =>
    kubectl.run(['get', 'secret', name, '-n', 'team', '-o', 'jsonpath={.metadata.ownerReferences}']);
  const forged = /metadata\.ownerReferences: only the operator may create a Secret that an AccessKey controls/;
  const changed = /data: only the operator may change a key pair\. To rotate it, raise spec\.keyPairs\[\]\.revision/;
  let ann: object;
  let mallory: object;

  const accessKey = async (name: string, namespace = 'team') => {
    await asAdmin(['create'], accessKeyManifest(namespace, name));
    const { metadata } = await kubectl.get<{ metadata: { uid: string } }>('accesskey', name, '-n', namespace);
    return controlledBy(metadata.uid, name);
  };
  const keyPairSecret = async (name: string, owner = ann) => {
    await asOperator(['create', '-f', '-'], manifest(name, owner));
    return name;
  };

  beforeAll(async () => {
    ann = await accessKey('ann');
    mallory = await accessKey('mallorys');
    await mayImpersonate('everybody', [{ resources: ['users', 'groups'] }]);
    await mayImpersonate('all-users', [{ resources: ['users'] }]);
    await mayImpersonate('all-groups', [{ resources: ['groups'] }]);
    await mayImpersonate('ann-only', [
      { resources: ['users'], resourceNames: ['ann', '*'] },
      { resources: ['groups'] },
    ]);
  });

  test("rejects a forged Secret with an ownerReference to another's AccessKey", async () => {
    await expect(create(manifest('ann-main', ann))).rejects.toThrow(forged);
    const apply = ['apply', '--server-side', '-f', '-'];
    await expect(asEditor(apply, manifest('ann-main', ann))).rejects.toThrow(forged);
  });

  test('rejects a forged Secret with an ownerReference to their own AccessKey', async () => {
    await expect(create(manifest('mallorys-main', mallory))).rejects.toThrow(forged);
  });

  test('rejects a forged Secret whose ownerReference names another version of the API', async () => {
    const metadata = controlledBy('a-uid', 'ann', { apiVersion: 'ghippo.io/v9' });
    await expect(create(manifest('ann-main', metadata))).rejects.toThrow(forged);
  });

  test('rejects a forged Secret in place of a deleted one', async () => {
    const name = await keyPairSecret('replaced');
    expect(await asEditor(['delete', 'secret', name, '-n', 'team'])).toContain('deleted');
    await expect(create(manifest(name, ann))).rejects.toThrow(forged);
  });

  test('rejects an ownerReference added later to a Secret', async () => {
    await create(manifest('later'));
    await expect(asEditor(patchOf('later', { metadata: ann }))).rejects.toThrow(forged);
    await expect(asEditor(['replace', '-f', '-'], manifest('later', ann))).rejects.toThrow(forged);
    const apply = ['apply', '--server-side', '--force-conflicts', '-f', '-'];
    await expect(asEditor(apply, manifest('later', ann))).rejects.toThrow(forged);
  });

  test('rejects controller: true added later to an ownerReference', async () => {
    const { ownerReferences } = ann as ReturnType<typeof controlledBy>;
    await create(
      manifest('promoted', { ownerReferences: ownerReferences.map((one) => ({ ...one, controller: false })) }),
    );
    await expect(asEditor(patchOf('promoted', { metadata: ann }))).rejects.toThrow(forged);
  });

  test("rejects moving their own key pair to another's AccessKey", async () => {
    const name = await keyPairSecret('turned', mallory);
    await expect(asEditor(patchOf(name, { metadata: ann }))).rejects.toThrow(forged);
  });

  test('rejects removing the ownerReference, changing the data and adding it again', async () => {
    const name = await keyPairSecret('dropped');
    expect(await asEditor(patchOf(name, { metadata: { ownerReferences: null } }))).toContain('patched');
    expect(await asEditor(patchOf(name, { stringData: { sk: 'mine' } }))).toContain('patched');
    await expect(asEditor(patchOf(name, { metadata: ann }))).rejects.toThrow(forged);
  });

  test('rejects a change to the type of a key pair', async () => {
    await create(manifest('retyped', ann, 'Opaque'));
    await expect(asEditor(patchOf('retyped', { type: 'ghippo.io/access-key' }))).rejects.toThrow(/field is immutable/);
  });

  test.each([
    ['a chosen sk', { stringData: { sk: 'mine' } }],
    ['a chosen ak', { data: { ak: 'bWluZQ==' } }],
    ['a key removed', { data: { sk: null } }],
    ['all data removed', { data: null }],
    ['a key added', { stringData: { 'previous-sk': 'mine' } }],
    ['a chosen sk with a label', { stringData: { sk: 'mine' }, metadata: { labels: { seen: 'yes' } } }],
  ])('rejects %s in a key pair', async (what, change) => {
    const name = await keyPairSecret(what.replaceAll(' ', '-'));
    await expect(asEditor(patchOf(name, change))).rejects.toThrow(changed);
  });

  test('rejects replacing a key pair or taking it over with server-side apply', async () => {
    const name = await keyPairSecret('overwritten');
    const other = { ...manifest(name, ann), stringData: { ak: 'mine', sk: 'mine' } };
    await expect(asEditor(['replace', '-f', '-'], other)).rejects.toThrow(changed);
    const apply = ['apply', '--server-side', '--force-conflicts', '-f', '-'];
    await expect(asEditor(apply, other)).rejects.toThrow(changed);
  });

  test.each(['all-users', 'all-groups', 'ann-only'])('rejects %s, who cannot impersonate everyone', async (user) => {
    const name = await keyPairSecret(`of-${user}`);
    await expect(asWriter(user, patchOf(name, { stringData: { sk: 'mine' } }))).rejects.toThrow(changed);
    await expect(asWriter(user, dryRun, manifest('forged', ann))).rejects.toThrow(forged);
  });

  test("rejects a ServiceAccount with the operator's name in another namespace", async () => {
    const namesake = 'system:serviceaccount:team:accesskey-operator';
    await expect(asWriter(namesake, dryRun, manifest('forged', ann))).rejects.toThrow(forged);
  });

  test('rejects immutable: true in a key pair, so that it can be rotated', async () => {
    const name = await keyPairSecret('frozen');
    const rejected = /immutable: must not be true for a key pair/;
    await expect(asEditor(patchOf(name, { immutable: true }))).rejects.toThrow(rejected);
    await create({ ...manifest('frozen-unowned'), immutable: true });
    expect(await kubectl.run(patchOf(name, { immutable: true }))).toContain('patched');
    expect(await asEditor(['label', 'secret', name, '-n', 'team', 'seen=yes'])).toContain('labeled');
  });

  test('allows the operator to create and change key pairs', async () => {
    const name = await keyPairSecret('operators');
    expect(await asOperator(patchOf(name, { data: { sk: 'bmV3' }, metadata: { labels: { a: 'b' } } }))).toContain(
      'patched',
    );
  });

  test('allows users who can impersonate everyone to edit a key pair', async () => {
    const name = await keyPairSecret('repaired');
    expect(await kubectl.run(patchOf(name, { data: { sk: null } }))).toContain('patched');
    expect(await asWriter('everybody', patchOf(name, { stringData: { sk: 'again' } }))).toContain('patched');
    expect(await asWriter('everybody', dryRun, manifest('by-hand', ann))).toContain('created');
  });

  test('allows an editor to label, annotate, disown and delete a key pair of any size', async () => {
    const large = { ...manifest('large', ann), stringData: { ak: 'an-ak', sk: 'x'.repeat(1_000_000) } };
    await asOperator(['create', '-f', '-'], large);
    expect(await asEditor(['label', 'secret', 'large', '-n', 'team', 'seen=yes'])).toContain('labeled');
    expect(await asEditor(['annotate', 'secret', 'large', '-n', 'team', 'seen=yes'])).toContain('annotated');
    const disown = { metadata: { ownerReferences: null }, data: { ak: 'bWluZQ==' } };
    expect(await asEditor(patchOf('large', disown))).toContain('patched');
    expect(await asEditor(['delete', 'secret', 'large', '-n', 'team'])).toContain('deleted');
  });

  test.each([
    ['one of the type without ownerReference, for import', manifest('n1')],
    ['one that an AccessKey owns and does not control', manifest('n2', controlledBy('u', 'x', { controller: false }))],
    ['one that another kind controls', manifest('n3', controlledBy('u', 'x', { kind: 'AccessKeySet' }))],
    ["one that another group's AccessKey controls", manifest('n4', controlledBy('u', 'x', { apiVersion: 'x.io/v1' }))],
    ['one of another type', manifest('n5', controlledBy('u', 'x'), 'Opaque')],
    ['one without a type', manifest('n6', controlledBy('u', 'x'), '')],
  ])('ignores other Secrets: %s', async (_what, secret) => {
    expect(await asEditor([...dryRun, '--validate=strict'], secret)).toContain('created');
  });

  describe('for the annotation ghippo.io/adopt', () => {
    const offer = { annotations: { 'ghippo.io/adopt': 'admin-bot/ci' } };
    const offered = /metadata\.annotations\[ghippo\.io\/adopt\]: (\S+) may not offer a Secret for adoption/;
    const apply = ['apply', '--server-side', '--force-conflicts', '-f', '-'];
    const annotate = (name: string, mark: string) => ['annotate', 'secret', name, '-n', 'team', '--overwrite', mark];
    const marked = async (name: string) => {
      await asAdmin(['create'], manifest(name, offer));
      return name;
    };

    test('rejects an editor who creates a Secret with it, for an AccessKey that does not exist yet', async () => {
      await expect(create(manifest('admin-bot-ci', offer))).rejects.toThrow(/: mallory may not offer a Secret/);
      await expect(asEditor(apply, manifest('admin-bot-ci', offer))).rejects.toThrow(offered);
    });

    test('rejects an editor who adds it later, or changes it', async () => {
      await create(manifest('planted'));
      await expect(asEditor(annotate('planted', 'ghippo.io/adopt=admin-bot/ci'))).rejects.toThrow(offered);
      const name = await marked('renamed');
      await expect(asEditor(annotate(name, 'ghippo.io/adopt=another/ci'))).rejects.toThrow(offered);
    });

    test.each([
      ['a chosen pair', { stringData: { ak: 'mine', sk: 'mine' } }],
      ['an added previous pair', { stringData: { 'previous-ak': 'mine', 'previous-sk': 'mine' } }],
    ])('rejects %s in a Secret that an administrator has marked', async (what, change) => {
      const name = await marked(`marked-${what.replaceAll(' ', '-')}`);
      await expect(asEditor(patchOf(name, change))).rejects.toThrow(offered);
    });

    test.each(['all-users', 'all-groups', 'ann-only'])('rejects %s, who cannot impersonate everyone', async (user) => {
      await expect(asWriter(user, dryRun, manifest('by-other', offer))).rejects.toThrow(offered);
    });

    test('allows users who can impersonate everyone', async () => {
      expect(await asWriter('everybody', dryRun, manifest('restored', offer))).toContain('created');
      await create(manifest('inspected'));
      expect(await kubectl.run(annotate('inspected', 'ghippo.io/adopt=admin-bot/ci'))).toContain('annotated');
      expect(await asWriter('everybody', patchOf('inspected', { stringData: { sk: 'x' } }))).toContain('patched');
    });

    test('allows an editor to label and delete a marked Secret, and to remove the mark', async () => {
      const name = await marked('unmarked');
      expect(await asEditor(['label', 'secret', name, '-n', 'team', 'seen=yes'])).toContain('labeled');
      expect(await asEditor(annotate(name, 'ghippo.io/adopt-'))).toContain('annotated');
      await expect(asEditor(annotate(name, 'ghippo.io/adopt=admin-bot/ci'))).rejects.toThrow(offered);
      expect(await asEditor(['delete', 'secret', name, '-n', 'team'])).toContain('deleted');
    });
  });

  test('ignores changes of other Secrets', async () => {
    await asAdmin(['create'], manifest('opaque', ann, 'Opaque'));
    expect(await asEditor(patchOf('opaque', { stringData: { sk: 'mine' } }))).toContain('patched');
    await create(manifest('unowned'));
    expect(await asEditor(patchOf('unowned', { stringData: { sk: 'mine' } }))).toContain('patched');
  });

  test('allows the garbage collector to disown and delete Secrets and to empty a namespace', async () => {
    await keyPairSecret('orphan', await accessKey('orphaned'));
    expect(await owners('orphan')).not.toBe('');
    await asEditor(['delete', 'accesskey', 'orphaned', '-n', 'team', '--cascade=orphan']);
    await poll('the removal of the ownerReference', async () => (await owners('orphan')) === '');
    await keyPairSecret('collected', await accessKey('gone'));
    await asEditor(['delete', 'accesskey', 'gone', '-n', 'team']);
    await kubectl.run(['wait', '--for=delete', 'secret/collected', '-n', 'team', '--timeout=60s']);
    await createNamespace(kubectl, 'short-lived');
    const owner = await accessKey('there', 'short-lived');
    await asOperator(['create', '-f', '-'], manifest('there-main', owner, 'ghippo.io/access-key', 'short-lived'));
    await kubectl.run(['delete', 'namespace', 'short-lived', '--timeout=60s']);
  });
});

test('waiting for the policies leaves no permissions behind', async () => {
  expect(await kubectl.run(['get', 'roles,rolebindings', '-A', '-o', 'name'])).not.toContain('policy-probe');
});

describe('the operator', () => {
  const can = (verb: string, resource: string, ...more: string[]) =>
    kubectl
      .run(['auth', 'can-i', verb, resource, '--as=system:serviceaccount:accesskey-system:accesskey-operator', ...more])
      .then((answer) => answer.trim())
      .catch((error: Error) => error.message);

  test.each([
    ['update', 'accesskeys.ghippo.io'],
    ['create', 'accesskeys.ghippo.io'],
    ['delete', 'accesskeys.ghippo.io'],
    ['impersonate', 'users'],
    ['create', 'pods'],
    ['get', 'configmaps'],
    ['update', 'secrets'],
    ['escalate', 'clusterroles.rbac.authorization.k8s.io'],
  ])('cannot %s %s', async (verb, resource) => {
    expect(await can(verb, resource, '-A')).not.toBe('yes');
  });

  test('can write status', async () => {
    expect(await can('patch', 'accesskeys.ghippo.io', '--subresource=status', '-A')).toBe('yes');
  });
});

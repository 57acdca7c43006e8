/** The files in examples/gitops, without running Argo CD or Flux. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { type Manifest, renderManifests } from '../../tools/install.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { type GitopsStatus, openGitopsStatus } from '../support/gitops.ts';

const examples = join(import.meta.dirname, '../../examples/gitops');
const customization = join(examples, 'argocd/resource_customizations/ghippo.io/AccessKey');

const textOf = (...path: string[]) => readFileSync(join(...path), 'utf8');
const objectsOf = (file: string) =>
  parseAllDocuments(textOf(examples, file)).map((document) => document.toJS() as Manifest & Record<string, unknown>);

const { data, metadata } = parse(textOf(examples, 'argocd/argocd-cm.yaml'));

describe('the health check for Argo CD', () => {
  interface Case {
    healthStatus: { status: string; message: string };
    inputPath: string;
  }
  const { tests } = parse(textOf(customization, 'health_test.yaml')) as { tests: Case[] };
  let status: GitopsStatus;

  beforeAll(async () => {
    status = await openGitopsStatus();
  });
  afterAll(() => status?.close());

  test.each(tests)('reports $healthStatus.status for $inputPath', async ({ healthStatus, inputPath }) => {
    expect((await status.of(parse(textOf(customization, inputPath)))).argocd).toEqual(healthStatus);
  });

  test('is the same in argocd-cm.yaml', () => {
    expect(data['resource.customizations.health.ghippo.io_AccessKey']).toBe(textOf(customization, 'health.lua'));
  });
});

describe('argocd-cm.yaml', () => {
  test('has the labels without which Argo CD ignores it', () => {
    const name = 'app.kubernetes.io/name';
    expect(metadata.labels).toEqual({ [name]: 'argocd-cm', 'app.kubernetes.io/part-of': 'argocd' });
  });

  test('can be merged into the ConfigMap without loss of its settings', () => {
    const kinds = Object.keys(data).map((key) => key.replace('resource.customizations.health.', ''));
    expect(kinds).toEqual(['ghippo.io_AccessKey', 'argoproj.io_Application']);
  });
});

describe('a sync restores only fields that are in the repository, so every field of the spec', () => {
  const crd = parse(textOf(examples, '../../crds/accesskeys.ghippo.io.yaml'));
  const { properties } = crd.spec.versions[0].schema.openAPIV3Schema.properties.spec;
  const blocks = [...textOf(examples, '../../docs/gitops.md').matchAll(/```yaml\n([\s\S]*?)```/g)].map(
    ([, text = '']) => text,
  );
  const documented = blocks.find((text) => text.includes('serviceAccounts:')) ?? '';

  test.each([
    ['examples/gitops/accesskeys/alice.yaml', textOf(examples, 'accesskeys/alice.yaml')],
    ['examples/accesskey.yaml', textOf(examples, '../accesskey.yaml')],
    ['docs/gitops.md', documented],
  ])('is in %s', (_, text) => {
    expect(Object.keys(parse(text).spec).sort()).toEqual(Object.keys(properties).sort());
  });
});

describe('the Applications', () => {
  interface Application extends Manifest {
    metadata: Manifest['metadata'] & { annotations?: Record<string, string>; finalizers?: string[] };
    spec: {
      source?: { path: string };
      sources?: { path: string }[];
      syncPolicy: { syncOptions: string[]; retry: { refresh: boolean }; automated: object };
    };
  }
  const files = ['app-of-apps', 'single-application', 'apps/operator', 'apps/accesskeys'];
  const applications = files.map(
    (file) => [file, objectsOf(`argocd/${file}.yaml`)[0] as unknown as Application] as const,
  );

  test.each(applications)('%s applies server-side, retries with the latest commit, and does not cascade', (_, one) => {
    const { syncOptions, retry, automated } = one.spec.syncPolicy;
    expect(syncOptions).toContain('ServerSideApply=true');
    expect(retry).toMatchObject({ limit: -1, refresh: true });
    expect(automated).toEqual({ prune: true, selfHeal: true });
    expect(one.metadata.finalizers).toBeUndefined();
  });

  test('in apps/ are synced after each other', () => {
    const waves = applications.map(([file, { metadata }]) => [
      file,
      metadata.annotations?.['argocd.argoproj.io/sync-wave'],
    ]);
    expect(waves.slice(2)).toEqual([
      ['apps/operator', '1'],
      ['apps/accesskeys', '2'],
    ]);
  });

  test('name folders that exist', () => {
    const paths = applications.flatMap(([, { spec }]) =>
      [spec.source, ...(spec.sources ?? [])].flatMap((one) => one?.path ?? []),
    );
    expect(new Set(paths)).toEqual(new Set(['argocd/apps', 'manifests/base', 'accesskeys']));
  });
});

describe.each([
  ['argocd/apps/project.yaml', 'system:serviceaccount:people:access-keys'],
  ['flux/access.yaml', 'system:serviceaccount:flux-system:access-keys'],
])('the ServiceAccount in %s', (file, user) => {
  let cluster: TestCluster;
  let accessKey: Manifest & { spec: { user: object } };
  const as = [`--as=${user}`];
  const apply = (object: object) => cluster.kubectl.apply(object, '--server-side', '--force-conflicts', ...as);

  beforeAll(async () => {
    cluster = await startTestCluster();
    await cluster.kubectl.run(['create', 'namespace', 'flux-system']);
    const items = objectsOf(file).filter(({ kind }) => kind !== 'AppProject');
    await cluster.kubectl.apply(items);
    const [only] = await renderManifests(cluster.kubectl, join(examples, 'accesskeys'));
    accessKey = only as typeof accessKey;
    await poll('the permissions', () =>
      apply(accessKey).then(
        () => true,
        () => false,
      ),
    );
  });
  afterAll(() => cluster?.stop());

  test('can apply, read and delete the AccessKeys of the example', async () => {
    expect(await apply(accessKey)).toContain('serverside-applied');
    expect(await cluster.kubectl.run(['get', 'accesskey', 'alice', '-n', 'people', ...as])).toContain('alice');
    expect(await cluster.kubectl.run(['delete', 'accesskey', 'alice', '-n', 'people', ...as])).toContain('deleted');
  });

  test.each([
    ['user', { name: 'bob' }, /spec\.user\.name/],
    ['group', { name: 'alice', groups: ['system:masters'] }, /spec\.user\.groups/],
  ])('cannot name another %s', async (_, named, message) => {
    const other = { ...accessKey, metadata: { ...accessKey.metadata, name: 'other' }, spec: { user: named } };
    await expect(apply(other)).rejects.toThrow(message);
  });

  test('can neither read Secrets nor write to another namespace', async () => {
    await expect(cluster.kubectl.run(['get', 'secrets', '-n', 'people', ...as])).rejects.toThrow(/forbidden/i);
    const elsewhere = { ...accessKey, metadata: { ...accessKey.metadata, namespace: 'default' } };
    await expect(apply(elsewhere)).rejects.toThrow(/forbidden/i);
  });
});

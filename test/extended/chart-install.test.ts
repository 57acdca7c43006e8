import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { waitForPolicies, writeOperatorKubeconfig } from '../../tools/install.ts';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { chart, type Helm, openHelm, type Values, valueFlags } from '../support/helm.ts';
import {
  type AccessKeyObject,
  accessKeyManifest,
  conditionOf,
  createNamespace,
  createPair,
  getToken,
  type Pair,
} from '../support/platform.ts';

const release = 'keys';
/** Not the one that manifests/ name. */
const namespace = 'platform-keys';
const operatorUser = `system:serviceaccount:${namespace}:accesskey-operator`;
/** What would be the operator in the namespace of manifests/. */
const stranger = 'system:serviceaccount:accesskey-system:accesskey-operator';
const base = join(import.meta.dirname, '../../manifests/base');

let helm: Helm;
let cluster: TestCluster;
let kubectl: Kubectl;
let operator: OperatorProcess;
let notes: string;

beforeAll(async () => {
  cluster = await startTestCluster({
    install: async (controlPlane) => {
      helm = await openHelm(controlPlane.kubeconfig);
      notes = await helm.run(['install', release, chart, '--namespace', namespace, '--create-namespace']);
      return namespace;
    },
  });
  kubectl = cluster.kubectl;
  await waitForPolicies(kubectl, { namespace });
  await createNamespace(kubectl, 'people');
  for (const [role, user] of [
    ['view', 'alice'],
    ['admin', stranger],
  ]) {
    await kubectl.run(['create', 'clusterrolebinding', `${role}-test`, `--clusterrole=${role}`, `--user=${user}`]);
  }
  operator = await startOperator();
});
afterAll(() => cluster?.stop());

/** Starts the operator with the configuration and the permissions of the release, as its pod would. */
async function startOperator(): Promise<OperatorProcess> {
  const { data } = await kubectl.get<{ data: Record<string, string> }>(
    'configmap',
    'accesskey-operator-config',
    '-n',
    namespace,
  );
  const { http, ...configured } = parse(data['config.yaml'] ?? '');
  await writeOperatorKubeconfig(kubectl, cluster.operatorKubeconfig, namespace);
  return cluster.startOperator({ ...configured, http: { ...http, address: '127.0.0.1', port: 0 } });
}

function upgrade(values: Values = {}): Promise<string> {
  const flags = ['--namespace', namespace, '--reset-then-reuse-values'];
  return helm.run(['upgrade', release, chart, ...flags, ...valueFlags(values)]);
}

function deploymentsOf(name: string, token: string): Promise<Response> {
  const url = `${operator.url}/apis/kpanda.io/v1alpha1/clusters/${name}/deployments`;
  return fetch(url, { headers: { authorization: `Bearer ${token}` } });
}

/** Returns the error message of a kubectl command. */
function rejectionOf(args: readonly string[], input?: string): Promise<string> {
  return kubectl.run(args, input).catch((error: Error) => error.message);
}

interface Stored {
  metadata: { uid: string; generation: number };
  data: Record<string, string>;
}

const secretOf = (name: string, where = 'people') => kubectl.get<Stored>('secret', name, '-n', where);
const deployment = () => kubectl.get<Stored>('deployment', 'accesskey-operator', '-n', namespace);

let pair: Pair;
let token: string;

describe('helm install', () => {
  test('prints the next steps', () => {
    expect(notes).toContain(`kubectl rollout status deployment/accesskey-operator -n ${namespace}`);
    expect(notes).toContain(`http://accesskey-operator.${namespace}.svc`);
    expect(notes).toContain('unencrypted');
    expect(notes).not.toContain('accesskey-system');
  });

  test('prints an example AccessKey that the cluster accepts', async () => {
    const [, example = ''] = /<<EOF\n([\s\S]*?)EOF/.exec(notes) ?? [];
    await kubectl.run(['apply', '-f', '-', '--dry-run=server'], example);
  });

  test('grants the operator the permissions that it needs in this namespace', async () => {
    pair = await createPair(kubectl, accessKeyManifest('people', 'alice'));
    token = await getToken(operator.url, pair);
    expect((await deploymentsOf('kpanda-global-cluster', token)).status).toBe(200);
    await secretOf('accesskey-operator-signing-keys', namespace);
  });

  test('installs policies that trust only the operator of this release', async () => {
    const suspend = [
      'patch',
      'accesskey',
      'alice',
      '-n',
      'people',
      '--type=merge',
      '-p',
      '{"spec": {"suspended": true}}',
    ];
    const suspendAs = (user: string) => rejectionOf([...suspend, '--dry-run=server', `--as=${user}`]);
    expect(await suspendAs(operatorUser)).toContain('spec.suspended: the operator may change only spec.keyPairs');
    expect(await suspendAs(stranger)).toContain('cannot impersonate that user');
    expect(await forgedData(stranger)).toContain('only the operator may change a key pair');
  });
});

/** Returns the error when another user tries to change alice's pair. */
function forgedData(user: string): Promise<string> {
  const patch = ['--type=merge', '-p', '{"stringData": {"sk": "known"}}'];
  return rejectionOf(['patch', 'secret', 'alice-main', '-n', 'people', '--dry-run=server', ...patch, `--as=${user}`]);
}

describe('helm upgrade', () => {
  test('without a change keeps the pods', async () => {
    const { generation } = (await deployment()).metadata;
    await upgrade();
    expect((await deployment()).metadata.generation).toBe(generation);
  });

  test('with crds.enabled: false, and a rollback to it, keeps the CRD and the AccessKeys', async () => {
    const before = (await kubectl.get<Stored>('crd', 'accesskeys.ghippo.io')).metadata.uid;
    await upgrade({ crds: { enabled: false } });
    await upgrade({ crds: { enabled: true } });
    await helm.run(['rollback', release, '--namespace', namespace]);
    await upgrade({ crds: { enabled: true } });
    const { metadata } = await kubectl.get<Stored & { metadata: { deletionTimestamp?: string } }>(
      'crd',
      'accesskeys.ghippo.io',
    );
    expect(metadata).toMatchObject({ uid: before });
    expect(metadata.deletionTimestamp).toBeUndefined();
    await kubectl.run(['get', 'accesskey', 'alice', '-n', 'people']);
  });

  test('with guardrails.enabled denies and reports what exceeds them, until it is disabled', async () => {
    const long = accessKeyManifest('people', 'long', { keyPairs: [{ name: 'main', tokenLifetime: '5h' }] });
    await createPair(kubectl, long);
    const copy = JSON.stringify({ ...long, metadata: { namespace: 'people', name: 'copy' } });
    const denial = () => rejectionOf(['create', '--dry-run=server', '-f', '-'], copy);
    await upgrade({ guardrails: { enabled: true, maxTokenLifetime: '1h', allowedGroups: { '*': ['viewers'] } } });
    const message = 'spec.keyPairs[0].tokenLifetime: must be at most 1h (guardrail maxTokenLifetime)';
    await poll('the denial', async () => (await denial()).includes(message));
    const reported = async () =>
      conditionOf(await kubectl.get<AccessKeyObject>('accesskey', 'long', '-n', 'people'), 'NotCompliant')?.message;
    await poll('the report', async () => (await reported()) === message);
    await upgrade({ guardrails: { enabled: false } });
    await poll('the end of the report', async () => (await reported()) === undefined);
    await poll('the end of the denial', async () => !(await denial()).includes('guardrails'));
    await kubectl.run(['delete', 'accesskey', 'long', '-n', 'people']);
  });

  test('with another configuration replaces the pods, which comply with Pod Security "restricted"', async () => {
    const [, label = ''] = /kubectl (label namespace .*)/.exec(notes) ?? [];
    await kubectl.run(label.split(' '));
    await upgrade({ config: { clusterName: 'production' } });
    const latest = await poll('a pod of the new configuration', podOfNewConfiguration);
    expect(latest.metadata.annotations['checksum/config']).toMatch(/^[0-9a-f]{64}$/);
    await operator.stop();
    operator = await startOperator();
    expect((await deploymentsOf('production', token)).status).toBe(200);
  });
});

test('helm upgrade changes the update strategy with leader election', async () => {
  const strategy = async () => {
    const { spec } = await kubectl.get<{ spec: { strategy: object } }>(
      'deployment',
      'accesskey-operator',
      '-n',
      namespace,
    );
    return spec.strategy;
  };
  await upgrade({ config: { leaderElection: { enabled: false } } });
  expect(await strategy()).toEqual({ type: 'Recreate' });
  await upgrade({ config: { leaderElection: { enabled: true } } });
  expect(await strategy()).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
});

interface Pod {
  metadata: { annotations: Record<string, string> };
}

async function podOfNewConfiguration(): Promise<Pod | undefined> {
  const pods = await kubectl.get<{ items: Pod[] }>('pods', '-n', namespace);
  const { spec } = await kubectl.get<{ spec: { template: Pod } }>('deployment', 'accesskey-operator', '-n', namespace);
  const checksum = ({ metadata }: Pod) => metadata.annotations['checksum/config'];
  return pods.items.find((pod) => checksum(pod) === checksum(spec.template));
}

describe('helm uninstall', () => {
  test('keeps the CRD, the AccessKeys, their Secrets and the policies that protect them', async () => {
    const before = await secretOf('alice-main');
    await operator.stop();
    await helm.run(['uninstall', release, '--namespace', namespace, '--wait']);
    expect(await kubectl.run(['get', 'all,serviceaccounts', '-n', namespace, '-o', 'name'])).not.toContain('operator');
    expect(await kubectl.run(['get', 'clusterrolebindings', '-o', 'name'])).not.toContain('accesskey');
    await kubectl.run(['get', 'accesskey', 'alice', '-n', 'people']);
    expect(await secretOf('alice-main')).toMatchObject({ data: before.data, metadata: { uid: before.metadata.uid } });
    expect(await forgedData(stranger)).toContain('only the operator may change a key pair');
  });

  test('lets a new installation take over all objects without recreating them', async () => {
    const before = await secretOf('alice-main');
    const keys = await secretOf('accesskey-operator-signing-keys', namespace);
    await helm.run([
      'install',
      release,
      chart,
      '--namespace',
      namespace,
      ...valueFlags({ config: { clusterName: 'again' } }),
    ]);
    operator = await startOperator();
    // Once a newer AccessKey is Ready, the operator has also reconciled this one.
    await createPair(kubectl, accessKeyManifest('people', 'bob'));
    const after = await secretOf('alice-main');
    expect(after).toMatchObject({ data: before.data, metadata: { uid: before.metadata.uid } });
    expect((await secretOf('accesskey-operator-signing-keys', namespace)).data).toEqual(keys.data);
    expect((await deploymentsOf('again', token)).status).toBe(200);
    await getToken(operator.url, pair);
  });

  test('removes everything except the CRD with admissionPolicies.keep: false', async () => {
    // First, as in docs/install.md: the garbage collector then deletes their Secrets.
    await kubectl.run(['delete', 'accesskeys', '--all', '-A']);
    const secrets = () => kubectl.run(['get', 'secrets', '-n', 'people', '-o', 'name']);
    // The garbage collector discovers new kinds, such as AccessKey here, every 30 seconds.
    await poll('deletion of the Secrets', async () => (await secrets()) === '', 90_000);
    await upgrade({ admissionPolicies: { keep: false }, crds: { enabled: false } });
    await operator.stop();
    await helm.run(['uninstall', release, '--namespace', namespace, '--wait']);
    await kubectl.run(['delete', 'crd', 'accesskeys.ghippo.io', '--timeout=60s']);
    const kinds = 'crds,validatingadmissionpolicies,validatingadmissionpolicybindings,clusterroles';
    await poll(
      'deletion of all objects',
      async () => !(await kubectl.run(['get', kinds, '-o', 'name'])).includes('accesskey'),
    );
  });
});

describe('helm install into a cluster with existing objects', () => {
  test('takes over the manifests with --take-ownership only', async () => {
    await kubectl.run(['apply', '-k', base, '--server-side']);
    const install = ['install', 'accesskey-operator', chart, '--namespace', 'accesskey-system'];
    await expect(helm.run(install)).rejects.toThrow('cannot be imported into the current release');
    const { uid } = (await kubectl.get<Stored>('crd', 'accesskeys.ghippo.io')).metadata;
    await helm.run([...install, '--take-ownership']);
    expect((await kubectl.get<Stored>('crd', 'accesskeys.ghippo.io')).metadata.uid).toBe(uid);
  });

  test('takes over the objects that an uninstalled release of another name and namespace has kept', async () => {
    await helm.run(['uninstall', 'accesskey-operator', '--namespace', 'accesskey-system', '--wait']);
    await helm.run(['install', 'other', chart, '--namespace', namespace, '--take-ownership']);
    const policy = await kubectl.run([
      'get',
      'validatingadmissionpolicy',
      'console.accesskeys.ghippo.io',
      '-o',
      'yaml',
    ]);
    expect(policy).toContain(operatorUser);
    expect(policy).toContain('meta.helm.sh/release-name: other');
  });

  test('takes over a release whose record was deleted instead of uninstalled', async () => {
    await helm.run(['install', 'third', chart, '--namespace', namespace, '--take-ownership']);
    await kubectl.run(['delete', 'secret', '-n', namespace, '-l', 'owner=helm,name=other']);
    expect((await helm.run(['list', '--namespace', namespace, '--short'])).trim()).toBe('third');
    const role = await kubectl.run(['get', 'clusterrole', 'accesskey-operator', '-o', 'yaml']);
    expect(role).toContain('meta.helm.sh/release-name: third');
  });
});

test('the policies can be installed before the rest of the chart', async () => {
  const inNamespace = ['--namespace', namespace];
  await helm.run(['uninstall', 'third', ...inNamespace, '--wait']);
  const kinds = 'validatingadmissionpolicies,validatingadmissionpolicybindings';
  await kubectl.run(['delete', kinds, '--all']);
  // This build of Helm assumes Kubernetes 1.20 by default.
  const file = ['--show-only', 'templates/admission-policies.yaml', '--kube-version=1.36.0'];
  const manifest = await helm.run(['template', 'keys', chart, ...inNamespace, ...file]);
  await kubectl.run(['apply', '-f', '-'], manifest);
  const names = (await kubectl.run(['get', kinds, '-o', 'name'])).trim().split('\n');
  expect(names).toHaveLength(manifest.match(/^kind: /gm)?.length ?? 0);
  await helm.run(['install', 'keys', chart, ...inNamespace, '--take-ownership']);
  const policies = await kubectl.run(['get', kinds, '-o', 'yaml']);
  expect(policies.match(/meta\.helm\.sh\/release-name: keys/g)).toHaveLength(names.length);
});

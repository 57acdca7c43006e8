/** The Argo CD CLI with the kubeconfig of `kubectl accesskey login`. These commands talk to kube-apiserver directly. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { argoCdNamespace } from '../../tools/gitops/argocd/components.ts';
import { argoCdObjects } from '../../tools/gitops/argocd/objects.ts';
import { installArgoCdResources } from '../../tools/gitops/argocd/start.ts';
import { locatePrograms } from '../../tools/go-programs/locate.ts';
import { argoCdPrograms } from '../../tools/go-programs/program-sets.ts';
import { poll } from '../../tools/poll.ts';
import { type CommandResult, openShell, type UserShell } from '../support/cli-command.ts';
import { kubeconfigText } from '../support/kubeconfig.ts';
import { accessKeyManifest, createNamespace, createPair } from '../support/platform.ts';
import { startTrustingCluster, type TrustingCluster } from '../support/trusting-cluster.ts';

let trusting: TrustingCluster;
let shell: UserShell;
let argocd: string;

beforeAll(async () => {
  ({ argocd } = await locatePrograms(argoCdPrograms));
  const directory = await mkdtemp(join(tmpdir(), 'argocd-cli-'));
  trusting = await startTrustingCluster(directory);
  const { cluster, issuer, certificateFile } = trusting;
  const { kubectl, controlPlane } = cluster;
  await installArgoCdResources(kubectl);
  await kubectl.apply(argoCdObjects('signs-sessions-of-the-unused-console'));
  await kubectl.apply(application);
  await createNamespace(kubectl, 'people');
  const { ak, sk } = await createPair(kubectl, accessKeyManifest('people', 'alice'));
  const pair = join(directory, 'pair');
  await mkdir(pair);
  await writeFile(join(pair, 'ak'), ak);
  await writeFile(join(pair, 'sk'), sk, { mode: 0o600 });
  const kubeconfig = join(directory, 'kubeconfig');
  await writeFile(kubeconfig, kubeconfigText(controlPlane));
  shell = await openShell(directory, { ACCESSKEY_URL: issuer, KUBECONFIG: kubeconfig });
  const login = [
    'login',
    '--pair-directory',
    pair,
    '--ca-file',
    certificateFile,
    '--use-context',
    '-n',
    argoCdNamespace,
  ];
  expect(await shell.accesskey(login)).toMatchObject({ exitCode: 0 });
  const whoami = async () => (await shell.run(controlPlane.kubectl, ['auth', 'whoami'])).exitCode === 0;
  await poll('the API server to trust the issuer', whoami);
});
afterAll(async () => {
  await trusting?.stop();
});

const application = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Application',
  metadata: { name: 'shop', namespace: argoCdNamespace },
  spec: {
    project: 'default',
    source: { repoURL: 'https://git.example.org/shop.git', path: '.', targetRevision: 'main' },
    destination: { server: 'https://kubernetes.default.svc', namespace: 'shop' },
  },
};

/** Runs the CLI as the user of the key pair. Some commands retry a denied request without end. */
const argocdAs = (...args: string[]): Promise<CommandResult> => shell.run('timeout', ['60', argocd, ...args]);

test('uses the permissions of the user of the key pair', async () => {
  const denied = await argocdAs('admin', 'export');
  expect(denied.exitCode).not.toBe(0);
  expect(denied.stderr).toContain('User \\"alice\\" cannot');
  const { kubectl } = trusting.cluster;
  const role = ['create', 'rolebinding', 'alice', '-n', argoCdNamespace, '--clusterrole=cluster-admin', '--user=alice'];
  await kubectl.run(role);
  const exported = await argocdAs('admin', 'export');
  expect(exported.exitCode, exported.stderr).toBe(0);
  expect(exported.stdout).toContain(application.spec.source.repoURL);
});

test('reaches the cluster with --core, which also needs a pod of the repo-server', async () => {
  const result = await argocdAs('app', 'list', '--core');
  expect(result.stderr).toContain('cannot find ready pod with selector: [app.kubernetes.io/name=argocd-repo-server]');
});

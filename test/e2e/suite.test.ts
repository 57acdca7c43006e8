/** The operator in a real cluster, as those see it who install it and who use it. The tests build on one another. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import type { Kubectl } from '../../tools/kubectl.ts';
import { poll } from '../../tools/poll.ts';
import { type AccessKeyObject, accessKeyManifest, waitReady } from '../support/platform.ts';
import { diagnosis } from './diagnosis.ts';
import { images } from './images/build.ts';
import { type Load, programOf, startLoad } from './load.ts';
import { clusterObjects, operatorSecrets } from './remains.ts';
import { operatorNamespace, prepareStage, type Stage, shop } from './stage.ts';
import { deploymentOf, linesOf, rolledOut } from './workloads.ts';

const skipped = process.env.E2E === 'skip';
const readers = { name: 'alice', groups: ['readers'] };
const languages = ['typescript', 'go', 'python', 'curl'] as const;

let stage: Stage;
let kubectl: Kubectl;
let load: Load;
let before: string[];

beforeAll(async () => {
  if (skipped) return;
  stage = await prepareStage();
  kubectl = stage.kubectl;
});
afterAll(() => stage?.stop());

const operatorDeployment = 'accesskey-operator';
const install = (directory: string) => kubectl.run(['apply', '-k', directory]);
const operatorReady = () => rolledOut(kubectl, operatorNamespace, operatorDeployment);

interface Pods {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly uid: string };
    readonly status: { readonly containerStatuses: readonly { readonly restartCount: number }[] };
  }[];
}

const operatorPods = () => kubectl.get<Pods>('pods', '-n', operatorNamespace);

async function leader(): Promise<string> {
  const lease = await kubectl.get<{ spec: { holderIdentity: string } }>(
    'lease',
    operatorDeployment,
    '-n',
    operatorNamespace,
  );
  return lease.spec.holderIdentity;
}

describe.skipIf(skipped)('end to end', () => {
  test('is installed by kubectl apply -k, under Pod Security restricted', async () => {
    onTestFailed(() => diagnosis(kubectl));
    before = await clusterObjects(kubectl);
    await install(stage.installPrevious ?? stage.install);
    await operatorReady();
    const { metadata } = await kubectl.get<{ metadata: { labels: object } }>('namespace', operatorNamespace);
    expect(metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
  });

  test('makes a Secret of a key pair', async () => {
    onTestFailed(() => diagnosis(kubectl));
    await kubectl.run(['create', 'namespace', shop]);
    await kubectl.run(['label', 'namespace', shop, 'pod-security.kubernetes.io/enforce=restricted']);
    await kubectl.run(['create', 'clusterrolebinding', 'readers', '--clusterrole=view', '--group=readers']);
    await kubectl.run(['create', 'serviceaccount', 'robot', '-n', shop]);
    await kubectl.apply(accessKeyManifest(shop, 'alice', { user: readers }));
    const { status } = await waitReady(kubectl, shop, 'alice');
    expect(status.keyPairs).toMatchObject([{ secretName: 'alice-main', state: 'Active' }]);
  });

  test('serves a load in the cluster without a failure', async () => {
    onTestFailed(() => diagnosis(kubectl));
    load = await startLoad(kubectl, 'alice-main');
    expect(await load.during(() => Promise.resolve())).toEqual([]);
  });

  test('is upgraded from the previous release: pairs stay, no request fails', async ({ skip }) => {
    onTestFailed(() => diagnosis(kubectl));
    if (stage.installPrevious === undefined) skip('no earlier release, and no earlier commit in this clone');
    const { status } = await waitReady(kubectl, shop, 'alice');
    const failures = await load.during(async () => {
      await install(stage.install);
      await operatorReady();
    });
    expect(failures).toEqual([]);
    const upgraded = await kubectl.get<AccessKeyObject>('accesskey', 'alice', '-n', shop);
    expect(upgraded.status.keyPairs?.[0]?.accessKey).toBe(status.keyPairs?.[0]?.accessKey);
  });

  test('is updated under load without a failed request', async () => {
    onTestFailed(() => diagnosis(kubectl));
    const failures = await load.during(async () => {
      await kubectl.run(['rollout', 'restart', `deployment/${operatorDeployment}`, '-n', operatorNamespace]);
      await operatorReady();
    });
    expect(failures).toEqual([]);
  });

  test('gives services in four languages what they need; they follow a rotation', async () => {
    onTestFailed(() => diagnosis(kubectl));
    const volumes = { '/etc/accesskey': { secret: { secretName: 'service-main' } } };
    await kubectl.apply(accessKeyManifest(shop, 'service', { user: { name: 'service', groups: ['readers'] } }));
    const first = (await waitReady(kubectl, shop, 'service')).status.keyPairs?.[0]?.accessKey;
    for (const language of languages) {
      const environment = { INTERVAL_SECONDS: '1' };
      await kubectl.apply(deploymentOf({ name: language, image: images[language], environment, volumes }));
    }
    for (const language of languages) {
      await poll(`two listings of ${language}`, async () => (await listings(language)).length >= 2, 120_000);
    }
    const keyPairs = [{ name: 'main', revision: 2 }];
    await kubectl.apply(
      accessKeyManifest(shop, 'service', { user: { name: 'service', groups: ['readers'] }, keyPairs }),
    );
    const second = await poll('a rotation', async () => {
      const { status } = await kubectl.get<AccessKeyObject>('accesskey', 'service', '-n', shop);
      const pair = status.keyPairs?.[0];
      return pair?.revision === 2 ? pair.accessKey : undefined;
    });
    for (const language of languages) {
      const known = (await listings(language)).length;
      // The kubelet brings a changed Secret to its pods within a minute or so.
      await poll(
        `the new pair at ${language}`,
        async () => (await tokens(language)).includes(`token for ${second}`),
        180_000,
      );
      await poll(`more listings of ${language}`, async () => (await listings(language)).length > known, 60_000);
      expect(await tokens(language)).toEqual([`token for ${first}`, `token for ${second}`]);
    }
  });

  test('gives a pod without any key a token for its ServiceAccount', async () => {
    onTestFailed(() => diagnosis(kubectl));
    const user = { name: 'robot', groups: ['readers'] };
    await kubectl.apply(accessKeyManifest(shop, 'robot', { user, serviceAccounts: ['robot'], keyPairs: [] }));
    const name = 'exchange';
    const command = await programOf(kubectl, name);
    const projected = { sources: [{ serviceAccountToken: { path: 'token', audience: 'ghippo.io' } }] };
    const volumes = { '/var/run/exchange': { projected }, '/app': { configMap: { name } } };
    await kubectl.apply(deploymentOf({ name, image: images.tools, command, serviceAccount: 'robot', volumes }));
    await poll(
      'an exchanged token',
      async () => {
        const lines = await linesOf(kubectl, name);
        return lines.some((line) => /^robot sees [1-9]\d* deployments$/.test(line));
      },
      60_000,
    );
  });

  test('answers through a port-forward', async () => {
    onTestFailed(() => diagnosis(kubectl));
    const forward = spawn(kubectl.path, [
      ...['--kubeconfig', kubectl.kubeconfig, 'port-forward', '-n', operatorNamespace],
      ...['service/accesskey-operator', ':80'],
    ]);
    try {
      const [line] = await once(createInterface(forward.stdout), 'line');
      const [, port] = /127\.0\.0\.1:(\d+)/.exec(line) ?? [];
      const answer = await fetch(`http://127.0.0.1:${port}/.well-known/jwks.json`);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ keys: [{ kty: 'RSA' }, { kty: 'RSA' }] });
    } finally {
      forward.kill();
    }
  });

  test('goes on when the pod of the leader is killed', async () => {
    onTestFailed(() => diagnosis(kubectl));
    const killed = await leader();
    const pod = (await operatorPods()).items.find(({ metadata }) => killed.startsWith(metadata.name));
    expect(pod).toBeDefined();
    const name = pod?.metadata.name ?? '';
    await kubectl.run(['delete', 'pod', name, '-n', operatorNamespace, '--grace-period=0', '--force']);
    await poll('another leader', async () => (await leader()) !== killed && (await leader()) !== '', 60_000);
    await kubectl.apply(accessKeyManifest(shop, 'bob'));
    await waitReady(kubectl, shop, 'bob');
    await operatorReady();
    expect(await load.during(() => Promise.resolve())).toEqual([]);
  });

  test('is not disturbed by a restart of the kubelet', async ({ skip }) => {
    onTestFailed(() => diagnosis(kubectl));
    const { restartKubelet } = stage.cluster;
    if (restartKubelet === undefined) skip('this provider cannot restart a kubelet');
    const uids = async () => (await operatorPods()).items.map(({ metadata }) => metadata.uid).sort();
    const earlier = await uids();
    expect(await load.during(() => restartKubelet?.() ?? Promise.resolve())).toEqual([]);
    expect(await uids()).toEqual(earlier);
    const restarts = (await operatorPods()).items.flatMap(({ status }) => status.containerStatuses);
    expect(restarts.map(({ restartCount }) => restartCount)).toEqual([0, 0]);
  });

  test('leaves nothing when it is uninstalled', async () => {
    onTestFailed(() => diagnosis(kubectl));
    expect(await operatorSecrets(kubectl)).toContain(`${shop}/alice-main`);
    await kubectl.run(['delete', '-k', stage.install, '--timeout=120s']);
    await poll('the end of all key pairs', async () => (await operatorSecrets(kubectl)).length === 0);
    await kubectl.run(['delete', 'namespace', shop, '--timeout=120s']);
    await kubectl.run(['delete', 'clusterrolebinding', 'readers']);
    expect(await clusterObjects(kubectl)).toEqual(before);
  });
});

async function listings(language: string): Promise<string[]> {
  return (await linesOf(kubectl, language)).filter((line) => line.includes(' deployments'));
}

async function tokens(language: string): Promise<string[]> {
  return (await linesOf(kubectl, language)).filter((line) => line.startsWith('token for '));
}

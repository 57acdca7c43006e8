/** Installation, upgrade and use of the operator in a real cluster. Each test continues where the previous one stopped. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Kubectl } from '../../tools/kubectl.ts';
import { poll } from '../../tools/poll.ts';
import { startBrowser } from '../support/browser.ts';
import { signInWithPair } from '../support/browser-console.ts';
import { chart, valueFlags } from '../support/helm.ts';
import { type AccessKeyObject, accessKeyManifest, readPair, waitReady } from '../support/platform.ts';
import { agentExamples, applyAgentExample, runDoctor } from './agents.ts';
import { languages, startConsumers } from './consumers.ts';
import { diagnosis } from './diagnosis.ts';
import { type Environment, operatorNamespace, prepareEnvironment, shop } from './environment.ts';
import { images } from './images/build.ts';
import { type Load, programOf, startLoad } from './load.ts';
import { rotateNewKey, withDrainedNode, workerWithoutLoad } from './nodes.ts';
import { type InstalledOperator, installedOperator } from './operator.ts';
import { clusterObjects, operatorSecrets } from './remains.ts';
import { stepMs, stepTimeout } from './time-limit.ts';
import { deploymentOf, linesOf, rolledOut } from './workloads.ts';

const skipped = process.env.E2E === 'skip';
const oneNode = 'the cluster of this provider has only one node that runs pods';

let environment: Environment;
let kubectl: Kubectl;
let operator: InstalledOperator;
let load: Load;
let before: string[];

beforeAll(async () => {
  if (skipped) return;
  environment = await prepareEnvironment();
  kubectl = environment.kubectl;
  operator = installedOperator(kubectl);
  before = await clusterObjects(kubectl);
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await diagnosis(kubectl);
});
afterAll(() => environment?.stop());

const alice = () => kubectl.get<AccessKeyObject>('accesskey', 'alice', '-n', shop);

describe.skipIf(skipped)('the operator in a cluster', () => {
  test('is installed with kubectl apply -k and complies with Pod Security restricted', async () => {
    await operator.install(environment.installPrevious ?? environment.install);
    const { metadata } = await kubectl.get<{ metadata: { labels: object } }>('namespace', operatorNamespace);
    expect(metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
  });

  test('creates a Secret with a key pair', async () => {
    await kubectl.run(['create', 'namespace', shop]);
    await kubectl.run(['label', 'namespace', shop, 'pod-security.kubernetes.io/enforce=restricted']);
    await kubectl.run(['create', 'clusterrolebinding', 'readers', '--clusterrole=view', '--group=readers']);
    await kubectl.apply(accessKeyManifest(shop, 'alice', { user: { name: 'alice', groups: ['readers'] } }));
    const { status } = await waitReady(kubectl, shop, 'alice');
    expect(status.keyPairs).toMatchObject([{ secretName: 'alice-main', state: 'Active' }]);
  });

  test('serves load in the cluster without failed requests', async () => {
    load = await startLoad(kubectl, 'alice-main');
    expect(await load.during(() => Promise.resolve())).toEqual([]);
  });

  test('keeps pairs and fails no request during an upgrade from the previous release', async ({ skip }) => {
    if (environment.installPrevious === undefined) skip('no earlier release, and no earlier commit in this clone');
    const { status } = await alice();
    expect(await load.during(() => operator.install(environment.install))).toEqual([]);
    expect((await alice()).status.keyPairs?.[0]?.accessKey).toBe(status.keyPairs?.[0]?.accessKey);
  });

  test('fails no request during a rolling restart', async () => {
    expect(await load.during(() => operator.restart())).toEqual([]);
  });

  test('serves example services in four languages, which follow a rotation', async () => {
    const [consumers, first] = await startConsumers(kubectl);
    await consumers.listWith(first);
    const second = await consumers.rotate();
    expect(second).not.toBe(first);
    await consumers.listWith(second);
    // One token for each pair, since the services cache tokens.
    for (const language of languages) expect(await consumers.accessKeysOf(language)).toEqual([first, second]);
  });

  test('issues a token for the ServiceAccount of a pod without a key pair', async () => {
    const name = 'exchange';
    const serviceAccount = 'robot';
    await kubectl.run(['create', 'serviceaccount', serviceAccount, '-n', shop]);
    const user = { name: 'robot', groups: ['readers'] };
    await kubectl.apply(accessKeyManifest(shop, 'robot', { user, serviceAccounts: [serviceAccount], keyPairs: [] }));
    const command = await programOf(kubectl, name);
    const projected = { sources: [{ serviceAccountToken: { path: 'token', audience: 'ghippo.io' } }] };
    const volumes = { '/var/run/exchange': { projected }, '/app': { configMap: { name } } };
    await kubectl.apply(deploymentOf({ name, image: images.tools, command, serviceAccount, volumes }));
    const worked = /^robot sees [1-9]\d* deployments$/;
    await poll('a token', async () => (await linesOf(kubectl, name)).some((line) => worked.test(line)));
  });

  test('keeps a token for services that read a file, with a sidecar and a native sidecar', async () => {
    for (const [file, name] of Object.entries(agentExamples)) {
      await applyAgentExample(kubectl, file);
      await rolledOut(kubectl, shop, name);
      await poll(`a listing of ${name}`, async () => (await linesOf(kubectl, name)).includes('listed'));
    }
  });

  test('is an installation in which doctor finds nothing wrong', async () => {
    await operator.forwarded(async (url) => {
      // An administrator may name every user, the image has no version in its tag, and the API is served without TLS.
      const skipped = { escalation: 'skipped', version: 'skipped', issuer: 'skipped', token: 'skipped' };
      expect(await runDoctor(kubectl, url)).toEqual([0, { ...skipped, 'certificate of operator': 'skipped' }]);
    });
  });

  test('shows its page in a browser through a port-forward', async () => {
    const pair = await readPair(kubectl, shop, 'alice-main');
    const browser = await startBrowser();
    try {
      await operator.forwarded(async (url) => {
        const { page, problems } = await browser.open({ origin: url });
        await signInWithPair(page, url, pair);
        expect(await page.textContent('main')).toContain(pair.ak);
        expect(problems()).toEqual([]);
      });
    } finally {
      await browser.close();
    }
  });

  test('continues when the pod of the leader is killed', async () => {
    const killed = await operator.leader();
    await operator.killLeader();
    await poll('another leader', async () => ![killed, ''].includes(await operator.leader()));
    await kubectl.apply(accessKeyManifest(shop, 'bob'));
    await waitReady(kubectl, shop, 'bob');
    await operator.ready();
    expect(await load.during(() => Promise.resolve())).toEqual([]);
  });

  test('is not affected by a restart of the kubelet', async ({ skip }) => {
    const { restartKubelet } = environment.cluster;
    if (restartKubelet === undefined) return skip('this provider cannot restart a kubelet');
    const pods = await operator.pods();
    expect(pods.map(({ restarts }) => restarts)).toEqual([0, 0]);
    expect(await load.during(restartKubelet)).toEqual([]);
    expect(await operator.pods()).toEqual(pods);
  });

  test('spreads its replicas across nodes', async ({ skip }) => {
    const { workers } = environment.cluster;
    if (workers.length < 2) skip(oneNode);
    await operator.restart();
    await expect.poll(operator.servingNodes).toEqual(workers.map(({ name }) => name));
  });

  test('fails no request while a node is drained and a key pair is rotated', async ({ skip }) => {
    const node = (await workerWithoutLoad(environment.cluster, kubectl)) ?? skip(oneNode);
    const work = () =>
      withDrainedNode(kubectl, node.name, async () => {
        expect(await operator.servingNodes()).not.toContain(node.name);
        await rotateNewKey(kubectl, 'dora');
      });
    expect(await load.during(work)).toEqual([]);
  });

  test('serves and rotates key pairs while a node with a replica is down', async ({ skip }) => {
    const node = (await workerWithoutLoad(environment.cluster, kubectl)) ?? skip(oneNode);
    await operator.restart();
    await expect.poll(operator.servingNodes).toEqual(environment.cluster.workers.map(({ name }) => name));
    const failures = await load.during(async () => {
      await node.kill();
      await rotateNewKey(kubectl, 'erin');
      await poll('the removal of the endpoint', async () => (await operator.servingNodes()).length === 1, stepMs);
    });
    // Requests that were sent to the node get no response. No other request fails.
    expect(failures.filter((line) => /: \d{3} /.test(line))).toEqual([]);
    const isServed = async () => (await load.during(() => Promise.resolve())).length === 0;
    await poll('the end of connections to the node', isServed, stepMs);
    expect(await load.during(() => rotateNewKey(kubectl, 'fred'))).toEqual([]);
    await node.start();
    await operator.ready();
  });

  test('leaves nothing behind when it is uninstalled', async () => {
    expect(await operatorSecrets(kubectl)).toContain(`${shop}/alice-main`);
    // As in docs/install.md. kubectl ignores the annotations that keep GitOps tools from deleting objects.
    await kubectl.run(['delete', 'accesskeys', '--all', '-A', stepTimeout]);
    await kubectl.run(['delete', '-k', environment.install, stepTimeout]);
    await poll('the deletion of all key pairs', async () => (await operatorSecrets(kubectl)).length === 0);
    await kubectl.run(['delete', 'namespace', shop, stepTimeout]);
    await kubectl.run(['delete', 'clusterrolebinding', 'readers']);
    expect(await clusterObjects(kubectl)).toEqual(before);
  });

  test('is installed with Helm and leaves nothing behind without kept policies and CRD', async () => {
    const { helm } = environment;
    const [repository, tag] = images.operator.split(':');
    const values = {
      image: { repository, tag },
      highAvailability: { enabled: true },
      admissionPolicies: { keep: false },
    };
    for (const name of [operatorNamespace, shop]) {
      await kubectl.run(['create', 'namespace', name]);
      await kubectl.run(['label', 'namespace', name, 'pod-security.kubernetes.io/enforce=restricted']);
    }
    const inNamespace = ['--namespace', operatorNamespace];
    await helm.run(['install', 'keys', chart, ...inNamespace, ...valueFlags(values), '--wait', stepTimeout]);
    expect(await operator.pods()).toHaveLength(2);
    await kubectl.apply(accessKeyManifest(shop, 'carol'));
    await waitReady(kubectl, shop, 'carol');
    await kubectl.run(['delete', 'accesskeys', '--all', '-A', stepTimeout]);
    await helm.run(['uninstall', 'keys', ...inNamespace, '--wait', stepTimeout]);
    await kubectl.run(['delete', 'crd', 'accesskeys.ghippo.io', stepTimeout]);
    await kubectl.run(['delete', 'namespace', operatorNamespace, shop, stepTimeout]);
    expect(await clusterObjects(kubectl)).toEqual(before);
  });
});

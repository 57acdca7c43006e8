/** Malicious registrations: what a kubeconfig must not do, and which names it must not take. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { clusterEvent, namespace, registerCluster } from '../support/clusters.ts';
import { readMetrics } from '../support/metrics.ts';
import { accessKeyManifest, createNamespace, createPair, getToken } from '../support/platform.ts';

/** Placed in every kubeconfig where a secret may be; it must not appear anywhere else. */
const canary = 'canary-5ec5e70f';

let home: TestCluster;
let operator: OperatorProcess;
let token: string;
/** The valid kubeconfig of the administrator. */
let sound: { clusters: { name: string; cluster: object }[]; users: { name: string; user: object }[] };
/** Counts the visitors. */
let trap: Server;
let visitors = 0;
let trapPort = 0;

beforeAll(async () => {
  trap = createServer((socket) => {
    visitors += 1;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  home = await startTestCluster();
  trapPort = (trap.address() as { port: number }).port;
  operator = await home.startOperator();
  sound = parse(await readFile(home.controlPlane.kubeconfig, 'utf8'));
  await createNamespace(home.kubectl, 'people');
  token = await getToken(operator.url, await createPair(home.kubectl, accessKeyManifest('people', 'ann')));
  await home.kubectl.run(['create', 'clusterrolebinding', 'ann', '--clusterrole=view', '--user=ann']);
});
afterAll(async () => {
  trap?.close();
  await home?.stop();
});

async function statusOf(cluster: string, { url } = operator): Promise<number> {
  const path = `/apis/kpanda.io/v1alpha1/clusters/${cluster}/deployments`;
  return (await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })).status;
}

const marker = () => join(home.directory, 'marker');
const tokenFile = () => join(home.directory, 'token');
const run = { apiVersion: 'client.authentication.k8s.io/v1', interactiveMode: 'Never', command: 'touch' };

/** Changes of a valid kubeconfig, each with the field that the error names. */
const attacks: [string, string, () => { cluster?: object; user?: object }][] = [
  ['exec', 'user.exec', () => ({ user: { exec: { ...run, args: [marker()] } } })],
  ['exec-and-token', 'user.exec', () => ({ user: { token: canary, exec: { ...run, args: [marker()] } } })],
  [
    'auth-provider',
    'user.auth-provider',
    () => ({ user: { 'auth-provider': { name: 'gcp', config: { 'cmd-path': 'touch', 'cmd-args': marker() } } } }),
  ],
  ['token-file', 'user.token-file', () => ({ user: { 'token-file': tokenFile() } })],
  ['token-file-of-kubernetes', 'user.tokenFile', () => ({ user: { tokenFile: tokenFile() } })],
  [
    'client-certificate',
    'user.client-certificate',
    () => ({ user: { token: canary, 'client-certificate': tokenFile() } }),
  ],
  ['client-key', 'user.client-key', () => ({ user: { token: canary, 'client-key': tokenFile() } })],
  ['authority', 'cluster.certificate-authority', () => ({ cluster: { 'certificate-authority': tokenFile() } })],
  ['proxy', 'cluster.proxy-url', () => ({ cluster: { 'proxy-url': `http://${canary}:x@127.0.0.1:${trapPort}` } })],
  ['socks', 'cluster.proxy-url', () => ({ cluster: { 'proxy-url': `socks5://127.0.0.1:${trapPort}` } })],
  ['any-server', 'cluster.insecure-skip-tls-verify', () => ({ cluster: { 'insecure-skip-tls-verify': true } })],
  ['plain-http', 'cluster.server', () => ({ cluster: { server: `http://127.0.0.1:${trapPort}` } })],
  ['password-in-url', 'cluster.server', () => ({ cluster: { server: `https://u:${canary}@127.0.0.1:${trapPort}` } })],
  ['impersonation', 'user.as', () => ({ user: { token: canary, as: canary } })],
  ['header', 'user.token', () => ({ user: { token: `${canary}\r\nImpersonate-User: admin` } })],
];

describe('a kubeconfig that does more than connect', () => {
  beforeAll(() => writeFile(tokenFile(), canary));

  test.each(attacks)('is rejected: %s, naming %s', async (name, field, attack) => {
    const { cluster = {}, user } = attack();
    const [soundCluster, soundUser] = [sound.clusters[0], sound.users[0]];
    const kubeconfig = {
      ...sound,
      clusters: [{ ...soundCluster, cluster: { ...soundCluster?.cluster, ...cluster } }],
      users: [{ ...soundUser, user: user ?? soundUser?.user }],
    };
    await registerCluster(home.kubectl, name, stringify(kubeconfig));
    await clusterEvent(home.kubectl, name, `ClusterRefused: Cluster ${name}: kubeconfig: ${field}: `);
    expect(await statusOf(name)).toBe(503);
  });

  test.each([
    ['no-yaml', `token: "${canary}`, 'is not YAML'],
    ['no-kubeconfig', canary, 'the document: must be an object'],
    ['too-large', `#${canary}${'x'.repeat(70_000)}`, 'must not be larger than 64 KiB'],
    ['empty', '', 'is missing'],
  ])('is rejected: %s', async (name, text, rule) => {
    await registerCluster(home.kubectl, name, text);
    await clusterEvent(home.kubectl, name, `ClusterRefused: Cluster ${name}: kubeconfig: ${rule}`);
  });

  test('runs no program and makes the operator connect to no other server', async () => {
    expect([existsSync(marker()), visitors]).toEqual([false, 0]);
    const metrics = await readMetrics(operator);
    expect(metrics).toContain(`accesskey_cluster_registrations{state="refused"} ${attacks.length + 4}`);
  });

  test('does not appear in the log, an Event or a metric', async () => {
    const events = await home.kubectl.run(['get', 'events', '-A', '-o', 'json']);
    const metrics = await readMetrics(operator);
    for (const text of [events, metrics, operator.output.join('\n')]) expect(text).not.toContain(canary);
    expect(events).toContain('ClusterRefused');
  });
});

describe('the name of a cluster', () => {
  test('cannot be that of the local cluster', async () => {
    await registerCluster(home.kubectl, 'impostor', stringify(sound), 'kpanda-global-cluster');
    await clusterEvent(home.kubectl, 'impostor', 'ClusterRefused: Cluster kpanda-global-cluster: the name is that of');
    expect(await statusOf('kpanda-global-cluster')).toBe(200);
  });

  test('belongs to the first registration until it is deleted', async () => {
    await registerCluster(home.kubectl, 'z-first', stringify(sound), 'twice');
    await poll('the first', async () => (await statusOf('twice')) === 200);
    // A creationTimestamp has a resolution of one second.
    await poll('another second', async () => secondOf(await created('z-first')) < secondOf(new Date().toISOString()));
    await registerCluster(home.kubectl, 'a-second', stringify({ ...sound, users: [] }), 'twice');
    await clusterEvent(
      home.kubectl,
      'a-second',
      'ClusterRefused: Cluster twice: the name is taken by the older Secret z-first',
    );
    expect(await statusOf('twice')).toBe(200);
    await home.kubectl.run(['delete', 'secret', 'z-first', '-n', namespace]);
    await clusterEvent(home.kubectl, 'a-second', 'ClusterRefused: Cluster twice: kubeconfig: users: no entry has');
    await poll('the second', async () => (await statusOf('twice')) === 503);
  });
});

const secondOf = (time: string) => Math.floor(Date.parse(time) / 1000);

async function created(secret: string): Promise<string> {
  type Created = { metadata: { creationTimestamp: string } };
  return (await home.kubectl.get<Created>('secret', secret, '-n', namespace)).metadata.creationTimestamp;
}

test('Secrets are ignored with clusters.enabled: false', async () => {
  await registerCluster(home.kubectl, 'ignored', stringify(sound));
  await poll('the registration', async () => (await statusOf('ignored')) === 200);
  const other = await home.startOperator({ clusters: { enabled: false } });
  expect([await statusOf('ignored', other), await statusOf('kpanda-global-cluster', other)]).toEqual([404, 200]);
});

test('a Secret in another namespace is ignored, also with the label', async () => {
  const metadata = { name: 'elsewhere', namespace: 'people', labels: { 'ghippo.io/cluster': 'elsewhere' } };
  await home.kubectl.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    stringData: { kubeconfig: stringify(sound) },
  });
  // The later Secret is registered, so that the first one has been processed.
  await registerCluster(home.kubectl, 'here', stringify(sound));
  await poll('the later one', async () => (await statusOf('here')) === 200);
  expect(await statusOf('elsewhere')).toBe(404);
});

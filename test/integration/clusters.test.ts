/** The lifecycle of a second cluster that is registered as the documentation describes. */
import { readdir, readlink } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { type ControlPlane, startControlPlane } from '../../tools/control-plane/control-plane.ts';
import { createKubectl, type Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import {
  clusterEvent,
  clusterEventCounts,
  documentedEvents,
  namespace,
  registerAsDocumented,
  registerCluster,
  registeredKubeconfig,
} from '../support/clusters.ts';
import { metricValue, readMetrics } from '../support/metrics.ts';
import { accessKeyManifest, createNamespace, createPair, getToken, type Listing } from '../support/platform.ts';
import { deploymentManifest } from '../support/workload.ts';

const base = '/apis/kpanda.io/v1alpha1';
const maxStaleSeconds = 5;
const secret = 'cluster-west';

/** A ServiceAccount that exists in every cluster. */
const robot = 'system:serviceaccount:shop:default';

let home: TestCluster;
let west: ControlPlane;
let westKubectl: Kubectl;
let operator: OperatorProcess;
/** Tokens of users with permissions in both clusters, in the local cluster only, and in none. */
const tokens = { both: '', homeOnly: '', nobody: '' };

beforeAll(async () => {
  [home, west] = await Promise.all([startTestCluster(), startControlPlane()]);
  westKubectl = createKubectl(west.kubectl, west.kubeconfig);
  operator = await home.startOperator({ access: { cacheSeconds: 1, maxStaleSeconds } });
  for (const kubectl of [home.kubectl, westKubectl]) {
    await createNamespace(kubectl, 'shop');
    await bindView(kubectl, 'both');
    await kubectl.run(['create', 'clusterrolebinding', 'robot', '--clusterrole=view', `--user=${robot}`]);
    await kubectl.apply(deploymentManifest('shop', 'web'));
  }
  await bindView(home.kubectl, 'homeOnly');
  await createNamespace(home.kubectl, 'people');
  for (const user of ['both', 'homeOnly', 'nobody'] as const) {
    const manifest = accessKeyManifest('people', user.toLowerCase(), { user: { name: user } });
    tokens[user] = await getToken(operator.url, await createPair(home.kubectl, manifest));
  }
});
afterAll(async () => {
  await home?.stop();
  await west?.stop();
});

function bindView(kubectl: Kubectl, user: string) {
  const name = `view-${user.toLowerCase()}`;
  return kubectl.run(['create', 'rolebinding', name, '-n', 'shop', '--clusterrole=view', `--user=${user}`]);
}

async function list(path: string, user: keyof typeof tokens = 'both', { url } = operator) {
  const answer = await fetch(`${url}${base}${path}`, { headers: { authorization: `Bearer ${tokens[user]}` } });
  const body = (await answer.json()) as Listing & { message: string };
  return {
    status: answer.status,
    left: answer.headers.get('Unavailable-Clusters'),
    message: body.message,
    names: (body.items ?? []).map(({ metadata }) => {
      const { cluster } = metadata as typeof metadata & { cluster: string };
      return `${cluster}/${metadata.namespace}/${metadata.name}`;
    }),
  };
}

const inWest = (user?: keyof typeof tokens) => list('/clusters/west/deployments', user);
const inAll = (user?: keyof typeof tokens, query = '') => list(`/asl/deployments${query}`, user);

const metric = (series: string) => metricValue(operator, series);

const up = () => metric('accesskey_cluster_up{cluster="west"}');
const isReady = async () => (await fetch(`${operator.healthUrl}/readyz`)).ok;
const westAnswers = () => poll('the cluster west', async () => (await inWest()).status === 200);

test('an unregistered cluster is 404', async () => {
  expect([(await inWest()).status, (await inAll('both', '?cluster=west')).status]).toEqual([404, 404]);
  expect([await up(), (await inAll()).names]).toEqual([undefined, ['kpanda-global-cluster/shop/web']]);
});

test('a cluster that is registered with the documented commands is listed by its name', async () => {
  await registerAsDocumented({ local: home.controlPlane, west }, home.directory);
  await westAnswers();
  expect((await inWest()).names).toEqual(['west/shop/web']);
  expect(await inAll()).toMatchObject({ left: null, names: ['kpanda-global-cluster/shop/web', 'west/shop/web'] });
  expect((await inAll('both', '?cluster=west')).names).toEqual(['west/shop/web']);
  expect((await list('/clusters/west/namespaces/shop/deployments/web')).status).toBe(200);
  await clusterEvent(home.kubectl, secret, 'ClusterAvailable: Cluster west is available');
  expect(await documentedEvents(home.kubectl)).toContain('Cluster west is available');
  expect([await up(), await metric('accesskey_cluster_registrations{state="available"}')]).toEqual([1, 1]);
});

test('each cluster applies its own RBAC', async () => {
  expect([(await inWest('homeOnly')).status, (await inWest('nobody')).status]).toEqual([403, 403]);
  expect((await inAll('homeOnly')).names).toEqual(['kpanda-global-cluster/shop/web']);
  expect((await inAll('nobody')).status).toBe(403);
  expect((await inAll('homeOnly', '?cluster=west')).status).toBe(403);
});

test('the clusters and namespaces of a user are those in which RBAC allows listing deployments', async () => {
  expect((await list('/clusters', 'both')).names).toEqual(['//kpanda-global-cluster', '//west']);
  expect((await list('/clusters', 'homeOnly')).names).toEqual(['//kpanda-global-cluster']);
  expect(await list('/clusters', 'nobody')).toMatchObject({ status: 200, names: [] });
  expect((await list('/clusters/west', 'homeOnly')).status).toBe(403);
  expect((await list('/clusters/west/namespaces', 'both')).names).toEqual(['west//shop']);
  expect((await list('/asl/namespaces', 'both')).names).toEqual(['kpanda-global-cluster//shop', 'west//shop']);
  expect((await list('/asl/namespaces', 'homeOnly')).names).toEqual(['kpanda-global-cluster//shop']);
  expect((await list('/asl/namespaces', 'nobody')).status).toBe(403);
});

test('an administrator of the local cluster has no permissions in a registered one', async () => {
  const groups = ['system:masters'];
  for (const [name, user] of [
    ['masters', { name: 'masters', groups }],
    ['robot', { name: robot }],
  ] as const) {
    const pair = await createPair(
      home.kubectl,
      accessKeyManifest('people', name, { user: { ...user, groups: [...groups] } }),
    );
    const authorization = `Bearer ${await getToken(operator.url, pair)}`;
    const ask = (cluster: string) =>
      fetch(`${operator.url}${base}/clusters/${cluster}/deployments`, { headers: { authorization } });
    expect([(await ask('kpanda-global-cluster')).status, (await ask('west')).status]).toEqual([200, 403]);
  }
});

test('changes in a registered cluster are reflected', async () => {
  await westKubectl.apply(deploymentManifest('shop', 'api'));
  await poll('the new deployment', async () => (await inWest()).names.length === 2);
  await westKubectl.run(['delete', 'deployment', 'api', '-n', 'shop']);
  await poll('its deletion', async () => (await inWest()).names.length === 1);
});

/**
 * Must be called before the API server is stopped: afterwards, the controller that fills the Secret may wait up to a
 * minute before it watches again.
 *
 * @returns another token of the same ServiceAccount
 */
async function secondToken(): Promise<string> {
  const annotations = { 'kubernetes.io/service-account.name': 'accesskey-remote' };
  const metadata = { name: 'second', namespace: 'accesskey-remote', annotations };
  await westKubectl.apply({ apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/service-account-token' });
  const encoded = await poll('the second token', async () => {
    type Tokens = { data?: { token?: string } };
    return (await westKubectl.get<Tokens>('secret', 'second', '-n', 'accesskey-remote')).data?.token;
  });
  return Buffer.from(encoded, 'base64').toString('utf8');
}

test('the token can be replaced without interruption, and the old one revoked', async () => {
  const kubeconfig = await registeredKubeconfig(home.kubectl, secret);
  kubeconfig.users[0].user.token = await secondToken();
  const filled = () => operator.output.filter((line) => /"cluster":"west".*cache filled/.test(line)).length;
  const before = filled();
  await registerCluster(home.kubectl, secret, stringify(kubeconfig), 'west');
  const interruptions: unknown[] = [];
  const isFilled = async () => {
    // The listing of all clusters leaves out a slow one.
    const listing = await inWest();
    if (!listing.names.includes('west/shop/web')) interruptions.push(listing);
    return filled() >= before + 3;
  };
  await poll('the caches of the second token', isFilled, 90_000, 50);
  expect(interruptions).toEqual([]);
  await westKubectl.run(['delete', 'secret', 'accesskey-remote-token', '-n', 'accesskey-remote']);
  await westKubectl.apply(deploymentManifest('shop', 'later'));
  await poll('a change seen with the second token', async () => (await inWest()).names.length === 2);
});

test('a killed cluster is reported as left out until it is available again', async () => {
  const changes = () =>
    operator.output.flatMap((line) => /"cluster":"west".*registered cluster is (\w+)/.exec(line)?.[1] ?? []);
  const before = changes().length;
  const countsBefore = await clusterEventCounts(home.kubectl, secret);
  await west.stopApiServer('SIGKILL');
  // Compared after the wait: poll() would retry a failed assertion.
  const statuses = new Set<number>();
  const partial = await poll('a response without it', async () => {
    const answer = await inAll();
    statuses.add(answer.status);
    return answer.left !== null && answer;
  });
  expect([...statuses]).toEqual([200]);
  expect(partial).toMatchObject({ left: 'west', names: ['kpanda-global-cluster/shop/web'] });
  expect(await inWest()).toMatchObject({ status: 503, message: 'cluster west is unavailable, try again later' });
  expect(await inAll('both', '?cluster=west')).toMatchObject({ status: 503 });
  // Their permissions in that cluster are unknown.
  expect((await inAll('nobody')).status).toBe(503);
  expect((await list('/clusters/kpanda-global-cluster/deployments')).status).toBe(200);
  await clusterEvent(home.kubectl, secret, 'ClusterUnavailable: Cluster west is unavailable: no response');
  expect([await up(), await isReady()]).toEqual([0, true]);
  await west.startApiServer();
  await poll('its deployments', async () => (await inAll()).names.includes('west/shop/web'));
  await poll('the cluster to be up', async () => (await up()) === 1);
  // A starting API server can become unavailable again a few times: each change is reported once.
  await poll('the last change', async () => changes().at(-1) === 'available');
  const states = changes().slice(before);
  expect(states).toEqual(states.map((_, index) => (index % 2 === 0 ? 'unavailable' : 'available')));
  const recorded = async (reason: string) =>
    ((await clusterEventCounts(home.kubectl, secret))[reason] ?? 0) - (countsBefore[reason] ?? 0);
  await poll('the Events', async () => (await recorded('ClusterAvailable')) >= states.length / 2);
  expect(await recorded('ClusterUnavailable')).toBe(states.length / 2);
  expect(await recorded('ClusterAvailable')).toBe(states.length / 2);
});

test('an invalid kubeconfig is reported and the previous connection stays in use', async () => {
  const kubeconfig = await registeredKubeconfig(home.kubectl, secret);
  const spoilt = { ...kubeconfig, users: [{ name: 'accesskey-remote', user: { exec: { command: 'sh' } } }] };
  await registerCluster(home.kubectl, secret, stringify(spoilt), 'west');
  await clusterEvent(home.kubectl, secret, 'ClusterRefused: Cluster west: kubeconfig: user.exec: is not allowed');
  expect((await inWest()).status).toBe(200);
  await registerCluster(home.kubectl, secret, stringify(kubeconfig), 'west');
  await poll(
    'the valid kubeconfig',
    async () => (await metric('accesskey_cluster_registrations{state="available"}')) === 1,
  );
  expect((await inWest()).status).toBe(200);
});

test('unreachable and hanging clusters are 503 and do not delay the others', async () => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  onTestFinished(() => void silent.close());
  await poll('the port', async () => silent.listening);
  const { port } = silent.address() as { port: number };
  const kubeconfig = await registeredKubeconfig(home.kubectl, secret);
  for (const [name, server] of [
    ['closed', 'https://127.0.0.1:1'],
    ['silent', `https://127.0.0.1:${port}`],
  ] as const) {
    kubeconfig.clusters[0].cluster.server = server;
    await registerCluster(home.kubectl, name, stringify(kubeconfig));
    await poll(`the cluster ${name}`, async () => (await list(`/clusters/${name}/deployments`)).status === 503);
  }
  const answer = await inAll();
  expect(answer).toMatchObject({ status: 200, left: 'closed, silent' });
  expect(answer.names).toContain('west/shop/web');
  await clusterEvent(home.kubectl, 'silent', 'ClusterUnavailable: Cluster silent is unavailable: no response');
  expect([await up(), await isReady()]).toEqual([1, true]);
  await home.kubectl.run(['delete', 'secret', 'closed', 'silent', '-n', namespace]);
  await poll('the removal of both', async () => (await inAll()).left === null);
  expect(await readMetrics(operator)).not.toContain('host="127.0.0.1:1"');
});

/** Forwards connections to a port of this machine. Once frozen, it accepts everything and never responds. */
async function startFreezableForwarder(port: number) {
  let isFrozen = false;
  const sockets: Socket[] = [];
  const forward = (from: Socket, to: Socket) => {
    sockets.push(from);
    from.on('error', () => undefined).on('data', (chunk) => isFrozen || to.write(chunk));
    from.on('close', () => isFrozen || to.destroy());
  };
  const server = createServer((client) => {
    if (isFrozen) return void sockets.push(client.on('error', () => undefined).resume());
    const upstream = connect(port, '127.0.0.1');
    forward(client, upstream);
    forward(upstream, client);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await poll('the port', async () => server.listening);
  const freeze = () => {
    isFrozen = true;
  };
  return { port: (server.address() as { port: number }).port, freeze };
}

test('a cluster that hangs is listed from its caches', async () => {
  const patient = await home.startOperator({ access: { cacheSeconds: 1, maxStaleSeconds: 3_600 } });
  onTestFinished(async () => void (await patient.stop('SIGKILL')));
  const kubeconfig = await registeredKubeconfig(home.kubectl, secret);
  const forwarder = await startFreezableForwarder(Number(new URL(kubeconfig.clusters[0].cluster.server).port));
  kubeconfig.clusters[0].cluster.server = `https://127.0.0.1:${forwarder.port}`;
  await registerCluster(home.kubectl, 'frozen', stringify(kubeconfig));
  const listAll = () => list('/asl/deployments', 'both', patient);
  const before = await poll('its deployments', async () => {
    const answer = await listAll();
    return answer.left === null && answer.names.includes('frozen/shop/web') && answer;
  });
  forwarder.freeze();
  for (let request = 0; request < 8; request += 1) {
    await pause(1_100);
    expect(await listAll()).toEqual(before);
  }
  await home.kubectl.run(['delete', 'secret', 'frozen', '-n', namespace]);
  await poll('the removal', async () => (await inAll()).left === null);
});

/** Number of open connections of the operator. */
async function sockets(): Promise<number> {
  const folder = `/proc/${operator.process.pid}/fd`;
  const links = await Promise.all((await readdir(folder)).map((one) => readlink(`${folder}/${one}`).catch(() => '')));
  return links.filter((link) => link.startsWith('socket:')).length;
}

test('a deleted cluster is 404 and leaves no connections open, also after repeated registration', async () => {
  const kubeconfig = stringify(await registeredKubeconfig(home.kubectl, secret));
  const remove = async () => {
    await home.kubectl.run(['delete', 'secret', secret, '-n', namespace]);
    await poll('the 404', async () => (await inWest()).status === 404);
  };
  const watches = async () => openWatches(await westKubectl.run(['get', '--raw', '/metrics']));
  const registered = { sockets: await sockets(), watches: await watches() };
  await remove();
  await poll('the end of the watch', async () => (await watches()) < registered.watches);
  await poll('the end of the connections', async () => (await sockets()) < registered.sockets);
  expect(await up()).toBeUndefined();
  expect(
    await metric('accesskey_cache_watching{cluster="west",cache="deployments",resource="deployments"}'),
  ).toBeUndefined();
  const left = { sockets: await sockets(), watches: await watches() };
  for (let round = 0; round < 5; round += 1) {
    await registerCluster(home.kubectl, secret, kubeconfig, 'west');
    await westAnswers();
    await remove();
  }
  await poll('as many sockets as before', async () => (await sockets()) <= left.sockets);
  await poll('as many watches as before', async () => (await watches()) <= left.watches);
});

/** Number of open watches of deployments in the metrics of an API server. */
function openWatches(metrics: string): number {
  const series = /^apiserver_longrunning_requests\{.*resource="deployments".*verb="WATCH".*\} (\d+)$/gm;
  return [...metrics.matchAll(series)].reduce((sum, [, count]) => sum + Number(count), 0);
}

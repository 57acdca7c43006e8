/**
 * Pages of the deployment listing, beside the same page from kube-apiserver (`limit=10`), in one run: how many a second,
 * how long they take, what a page costs in a large cluster and in a small one, and how much memory Deployments take.
 *
 *   npm run bench:listing -- [--sizes 1000,10000] [--seconds 9] [--connections 32]
 *
 * The load generator, the operator and the control plane share the cores. Both servers are asked over TLS, in turns, so
 * that what else the machine does falls on both.
 */
import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Agent, request } from 'undici';
import { makeCertificate } from '../test/support/certificates.ts';
import type { ControlPlane } from '../tools/control-plane/control-plane.ts';
import type { Kubectl } from '../tools/kubectl.ts';
import { askInTurns, type Measured, type Total } from './alternating-load.ts';
import { type OperatorMetrics, type Served, serveOperator } from './bench-operator.ts';
import { type BenchCluster, withCluster } from './cluster.ts';
import { type FilledCluster, fillCluster, namespaceOf, type Users } from './listing-cluster.ts';
import { costTable } from './listing-cost.ts';
import { tableHead, tableRow } from './listing-table.ts';
import type { Load, Target } from './load-generator.ts';

/** Of the part without a cluster. */
const costSizes = [1_000, 10_000, 50_000];
const base = '/apis/kpanda.io/v1alpha1/clusters/kpanda-global-cluster';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1000,10000' },
    seconds: { type: 'string', default: '9' },
    connections: { type: 'string', default: '32' },
  },
});
const seconds = Number(values.seconds);
const connections = Number(values.connections);

const say = (line: string) => process.stdout.write(`${line}\n`);

/** What the loads are asked of. */
interface Bench {
  cluster: FilledCluster;
  /** A page of kube-apiserver's. */
  apiServer: Measured;
  /** Starts an operator with a fresh memory. */
  start(): Promise<Served & Target>;
}

async function main({ controlPlane, admin, kubectl, directory, kubeconfig }: BenchCluster): Promise<void> {
  const start = await prepareOperator(kubeconfig, directory);
  await measureAll({ cluster: fillCluster(admin), start, apiServer: await prepareApiServer(kubectl, controlPlane) });
}

async function prepareOperator(kubeconfig: string, directory: string): Promise<Bench['start']> {
  const { certificate, key } = await makeCertificate('bench');
  const tls = { certificateFile: join(directory, 'tls.crt'), keyFile: join(directory, 'tls.key') };
  await Promise.all([writeFile(tls.certificateFile, certificate), writeFile(tls.keyFile, key)]);
  return async () => {
    const served = await serveOperator({ kubeconfig, directory, nodeArguments: [], tls });
    return { ...served, certificateAuthority: certificate };
  };
}

/** Asked by a ServiceAccount that may view everything: its RBAC is looked at, as that of our users is. */
async function prepareApiServer(kubectl: Kubectl, { server, certificateAuthority }: ControlPlane): Promise<Measured> {
  const view = ['create', 'clusterrolebinding', 'bench', '--clusterrole=view'];
  await kubectl.run([...view, '--serviceaccount=default:default']);
  const token = await kubectl.run(['create', 'token', 'default', '-n', 'default', '--duration=24h']);
  return {
    load: get('', '/apis/apps/v1/deployments?limit=10', token.trim()),
    target: { port: Number(new URL(server).port), certificateAuthority },
    async cpuSeconds() {
      const metrics = await kubectl.run(['get', '--raw', '/metrics']);
      return Number(/^process_cpu_seconds_total (\S+)$/m.exec(metrics)?.[1]);
    },
  };
}

async function measureAll({ cluster, apiServer, start }: Bench): Promise<void> {
  const first = await start();
  const users = await cluster.createUsers().finally(() => first.stop());
  say(tableHead);
  const memory: string[] = [];
  for (const size of values.sizes.split(',').map(Number)) {
    await cluster.fillTo(size);
    const operator = await start();
    const cpuSeconds = async () => (await operator.metrics()).cpuSeconds;
    try {
      for (const load of await loadsOf(operator, users, size)) {
        const servers = [{ load, target: operator, cpuSeconds }, apiServer];
        const [ours, theirs] = (await askInTurns(servers, { connections, seconds })) as [Total, Total];
        say(tableRow(size, load.name, ours, theirs));
      }
      memory.push(`${size} Deployments: ${await leastMemory(operator)}`);
    } finally {
      await operator.stop();
    }
  }
  for (const line of [...memory, `load average ${loadavg()[0]?.toFixed(1)}`]) say(line);
}

async function loadsOf(operator: Served & Target, users: Users, size: number): Promise<Load[]> {
  const [all, few] = await Promise.all([tokenOf(operator, users.all), tokenOf(operator, users.few)]);
  const page = `${base}/deployments`;
  return [
    get('first page', page, all),
    get('page in the middle', `${page}?page=${size / 20}`, all),
    get('by creation, newest first', `${page}?sortBy=created_at`, all),
    get('of one namespace', `${base}/namespaces/${namespaceOf(7)}/deployments`, all),
    get('one deployment', `${base}/namespaces/${namespaceOf(7)}/deployments/app-7`, all),
    get('user with 3 of 200 namespaces', page, few),
    get('labelSelector=team=team-7', `${page}?labelSelector=team%3Dteam-7`, all),
  ];
}

async function tokenOf({ port, certificateAuthority: ca }: Target, pair: string): Promise<string> {
  const dispatcher = new Agent({ connect: { ca } });
  const answer = await request(`https://127.0.0.1:${port}/apis/ghippo.io/v1alpha1/token?${pair}`, { dispatcher });
  const { token } = (await answer.body.json()) as { token: string };
  await dispatcher.close();
  return token;
}

/** The least of some looks: garbage comes and goes. */
async function leastMemory(operator: Served): Promise<string> {
  const looks: OperatorMetrics['memory'][] = [];
  for (let look = 0; look < 20; look += 1) {
    looks.push((await operator.metrics()).memory);
    await sleep(100);
  }
  const least = (what: 'heap' | 'resident') => Math.min(...looks.map((one) => one[what])) / 2 ** 20;
  return `${least('heap').toFixed(0)} MiB of JavaScript heap, ${least('resident').toFixed(0)} MiB resident`;
}

function get(name: string, path: string, token: string): Load {
  const head = [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Accept: application/json',
    `Authorization: Bearer ${token}`,
  ];
  const bytes = Buffer.from([...head, '', ''].join('\r\n'));
  return { name, request: () => bytes, status: 200 };
}

for (const line of costTable(costSizes)) say(line);
await withCluster(main);

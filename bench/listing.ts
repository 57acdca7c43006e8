/**
 * Measures the Deployment listing: pages per second and latency compared with kube-apiserver (`limit=10`, and the same
 * label selector), the cost of a page in small and large clusters, and the memory of Deployments.
 *
 *   npm run bench:listing -- [--sizes 1000,10000] [--seconds 9] [--connections 32] [--only TEXT]
 *     [--program dist/operator/main.js] [--profile DIRECTORY]
 *
 * The load generator, the operator and the control plane share the cores. Both servers use TLS and are loaded in turn,
 * so that other activity on the machine affects both.
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
import { type LoadedServer, type LoadTotal, runAlternating } from './alternating-load.ts';
import { type BenchOperator, type OperatorMetrics, startBenchOperator } from './bench-operator.ts';
import { type BenchCluster, withCluster } from './cluster.ts';
import { type ClusterFiller, createClusterFiller, namespaceOf, type Users } from './listing-cluster.ts';
import { costTables } from './listing-cost.ts';
import type { Load, Target } from './load-generator.ts';
import { listingTableHead, listingTableRow, print } from './tables.ts';

/** Numbers of Deployments in the part without a cluster. */
const costSizes = [1_000, 10_000, 50_000];
const base = '/apis/kpanda.io/v1alpha1/clusters/kpanda-global-cluster';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1000,10000' },
    seconds: { type: 'string', default: '9' },
    connections: { type: 'string', default: '32' },
    only: { type: 'string', default: '' },
    program: { type: 'string' },
    profile: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const connections = Number(values.connections);

type ApiServer = Omit<LoadedServer, 'load'> & { token: string };

interface Bench {
  cluster: ClusterFiller;
  apiServer: ApiServer;
  /** Starts a new operator process. */
  start(): Promise<BenchOperator & Target>;
}

async function main({ controlPlane, admin, kubectl, directory, kubeconfig }: BenchCluster): Promise<void> {
  const start = await prepareOperator(kubeconfig, directory);
  await measureAll({
    cluster: createClusterFiller(admin),
    start,
    apiServer: await prepareApiServer(kubectl, controlPlane),
  });
}

async function prepareOperator(kubeconfig: string, directory: string): Promise<Bench['start']> {
  const { certificate, key } = await makeCertificate('bench');
  const tls = { certificateFile: join(directory, 'tls.crt'), keyFile: join(directory, 'tls.key') };
  await Promise.all([writeFile(tls.certificateFile, certificate), writeFile(tls.keyFile, key)]);
  return async () => {
    const nodeArguments = values.profile ? ['--cpu-prof', `--cpu-prof-dir=${values.profile}`] : [];
    const program = values.program === undefined ? {} : { program: values.program };
    const operator = await startBenchOperator({ kubeconfig, directory, nodeArguments, tls, ...program });
    return { ...operator, certificateAuthority: certificate };
  };
}

/** Uses a ServiceAccount with the role view, because the operator checks RBAC as well. */
async function prepareApiServer(kubectl: Kubectl, { server, certificateAuthority }: ControlPlane): Promise<ApiServer> {
  const view = ['create', 'clusterrolebinding', 'bench', '--clusterrole=view'];
  await kubectl.run([...view, '--serviceaccount=default:default']);
  const token = await kubectl.run(['create', 'token', 'default', '-n', 'default', '--duration=24h']);
  return {
    token: token.trim(),
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
  print(listingTableHead);
  const memory: string[] = [];
  for (const size of values.sizes.split(',').map(Number)) {
    await cluster.fillTo(size);
    const operator = await start();
    const cpuSeconds = async () => (await operator.metrics()).cpuSeconds;
    try {
      for (const load of await loadsOf(operator, users, size)) {
        const servers = [
          { load, target: operator, cpuSeconds },
          { ...apiServer, load: apiServerLoad(load.name, apiServer.token) },
        ];
        const totals = (await runAlternating(servers, { connections, seconds })) as [LoadTotal, LoadTotal];
        print(listingTableRow({ size, page: load.name, operator: totals[0], apiServer: totals[1] }));
      }
      memory.push(`${size} Deployments: ${await minMemory(operator)}`);
    } finally {
      await operator.stop();
    }
  }
  for (const line of [...memory, `load average ${loadavg()[0]?.toFixed(1)}`]) print(line);
}

async function loadsOf(operator: BenchOperator & Target, users: Users, size: number): Promise<Load[]> {
  const [all, few] = await Promise.all([tokenOf(operator, users.all), tokenOf(operator, users.few)]);
  const page = `${base}/deployments`;
  const loads = [
    get('first page', page, all),
    get('page in the middle', `${page}?page=${size / 20}`, all),
    get('by creation, newest first', `${page}?sortBy=created_at`, all),
    get('of one namespace', `${base}/namespaces/${namespaceOf(7)}/deployments`, all),
    get('one deployment', `${base}/namespaces/${namespaceOf(7)}/deployments/app-7`, all),
    get('user with 3 of 200 namespaces', page, few),
    ...selectors.map(({ name, selector }) =>
      getEach(name, (n) => `${page}?labelSelector=${encodeURIComponent(selector(n))}`, all),
    ),
    get('fuzzyName=-77', `${page}?fuzzyName=-77`, all),
  ];
  return loads.filter(({ name }) => name.includes(values.only));
}

/** Label selectors, which both servers get. A selector that differs in each request matches nothing that is cached. */
const selectors: readonly { name: string; selector: (n: number) => string }[] = [
  { name: 'team=team-7', selector: () => 'team=team-7' },
  { name: 'team in (team-1,team-2),app!=app-1', selector: () => 'team in (team-1,team-2),app!=app-1' },
  { name: 'team!=team-7', selector: () => 'team!=team-7' },
  { name: 'team=team-7,app!=app-N, N differs', selector: (n) => `team=team-7,app!=app-${n}` },
  { name: 'app=app-N, N differs', selector: (n) => `app=app-${n % 1000}` },
];

/** Returns a page of kube-apiserver with the same selector. */
function apiServerLoad(name: string, token: string): Load {
  const path = '/apis/apps/v1/deployments?limit=10';
  const { selector } = selectors.find((one) => one.name === name) ?? {};
  return getEach(name, (n) => path + (selector ? `&labelSelector=${encodeURIComponent(selector(n))}` : ''), token);
}

async function tokenOf({ port, certificateAuthority: ca }: Target, pair: string): Promise<string> {
  const dispatcher = new Agent({ connect: { ca } });
  const response = await request(`https://127.0.0.1:${port}/apis/ghippo.io/v1alpha1/token?${pair}`, { dispatcher });
  const { token } = (await response.body.json()) as { token: string };
  await dispatcher.close();
  return token;
}

/** Returns the minimum of several samples, because the heap contains a varying amount of garbage. */
async function minMemory(operator: BenchOperator): Promise<string> {
  const samples: OperatorMetrics['memory'][] = [];
  while (samples.length < 20) {
    samples.push((await operator.metrics()).memory);
    await sleep(100);
  }
  const min = (field: 'heap' | 'resident') => Math.min(...samples.map((sample) => sample[field])) / 2 ** 20;
  return `${min('heap').toFixed(0)} MiB of JavaScript heap, ${min('resident').toFixed(0)} MiB resident`;
}

function get(name: string, path: string, token: string): Load {
  return getEach(name, () => path, token);
}

/** @param pathOf path of the n-th request; those of 20,000 requests are prepared */
function getEach(name: string, pathOf: (n: number) => string, token: string): Load {
  const prepare = (path: string) =>
    Buffer.from(
      [
        `GET ${path} HTTP/1.1`,
        'Host: 127.0.0.1',
        'Accept: application/json',
        `Authorization: Bearer ${token}`,
        '',
        '',
      ].join('\r\n'),
    );
  const requests = new Map<string, Buffer>();
  return {
    name,
    request(n) {
      const path = pathOf(n % 20_000);
      const bytes = requests.get(path) ?? prepare(path);
      requests.set(path, bytes);
      return bytes;
    },
    status: 200,
  };
}

if (!values.only) for (const line of costTables(costSizes)) print(line);
await withCluster(main);

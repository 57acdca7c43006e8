/**
 * Measures the tokens per second that the operator issues, compared with the limit of the machine: the RSA signatures
 * per second of OpenSSL on both cores. The limit is measured in the same run, before and after each load.
 *
 *   npm run bench:tokens -- [--seconds 10] [--connections 32] [--access-keys 300] [--replicas 1] [--only NAME]
 *     [--profile DIRECTORY]
 *
 * The load generator, the operator and an idle control plane share the cores. With several replicas, the connections
 * are distributed over them, as by a Service.
 */
import { mkdir } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Transport } from '../src/kube/transport.ts';
import { poll } from '../tools/poll.ts';
import { type BenchOperator, type OperatorMetrics, startBenchOperator } from './bench-operator.ts';
import { type BenchCluster, get, post, withCluster } from './cluster.ts';
import { type Load, runLoad } from './load-generator.ts';
import { machineCpuSeconds, signaturesPerSecond } from './machine.ts';
import { type TokenRow, tokenTableHead, tokenTableRow } from './tables.ts';

const cores = 2;
const warmUpSeconds = 3;
const maxCycle = 30;
const tokenPath = '/apis/ghippo.io/v1alpha1/token';
const namespace = 'bench';

const option = (value: string) => ({ type: 'string', default: value }) as const;
const { values } = parseArgs({
  options: {
    seconds: option('10'),
    connections: option('32'),
    'access-keys': option('300'),
    replicas: option('1'),
    only: option(''),
    profile: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const connections = Number(values.connections);
const accessKeys = Number(values['access-keys']);
const replicas = Number(values.replicas);

interface Pair {
  ak: string;
  sk: string;
}

const print = (line: string) => process.stdout.write(`${line}\n`);

type Replicas = readonly [BenchOperator, ...BenchOperator[]];

async function main({ admin, directory, kubeconfig }: BenchCluster): Promise<void> {
  const nodeArguments = values.profile ? ['--cpu-prof', `--cpu-prof-dir=${values.profile}`] : [];
  const startReplica = async (n: number) => {
    const replicaDirectory = join(directory, `replica-${n}`);
    await mkdir(replicaDirectory);
    return startBenchOperator({ kubeconfig, directory: replicaDirectory, nodeArguments });
  };
  const operators: [BenchOperator, ...BenchOperator[]] = [await startReplica(0)];
  try {
    while (operators.length < replicas) operators.push(await startReplica(operators.length));
    await measureAll(operators, await createPairs(admin));
  } finally {
    await Promise.all(operators.map((operator) => operator.stop()));
  }
}

/** Measures the limit right before and after each load, so that other activity on the machine affects both. */
async function measureAll(operators: Replicas, pairs: readonly Pair[]): Promise<void> {
  const loads = loadsOf(pairs).filter(({ name }) => name.includes(values.only));
  for (const load of loads) await runLoad({ load, targets: operators, connections, seconds: warmUpSeconds });
  const parameters = `${pairs.length} pairs, ${connections} connections, ${replicas} replicas, ${seconds} s each`;
  print(`load average ${loadavg()[0]?.toFixed(2)}, ${parameters}`);
  print(tokenTableHead);
  let before = await signaturesPerSecond(cores);
  for (const load of loads) {
    const row = await measure(operators, load);
    const after = await signaturesPerSecond(cores);
    print(tokenTableRow({ ...row, limits: [before, after] }));
    before = after;
  }
}

async function measure(operators: Replicas, load: Load): Promise<Omit<TokenRow, 'limits'>> {
  const before = await metricsOf(operators);
  const machineCpuBefore = machineCpuSeconds();
  const result = await runLoad({ load, targets: operators, connections, seconds });
  const machineCpu = machineCpuSeconds() - machineCpuBefore;
  const after = await metricsOf(operators);
  const operatorCpu = after.cpuSeconds - before.cpuSeconds;
  return { name: load.name, result, operatorCpu, machineCpu, delay: after.eventLoop };
}

/** Returns the total CPU time and the maximum event loop delays of all replicas. */
async function metricsOf(operators: Replicas): Promise<Pick<OperatorMetrics, 'cpuSeconds' | 'eventLoop'>> {
  const all = await Promise.all(operators.map((operator) => operator.metrics()));
  const max = (delay: keyof OperatorMetrics['eventLoop']) => Math.max(...all.map(({ eventLoop }) => eventLoop[delay]));
  return {
    cpuSeconds: all.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    eventLoop: { mean: max('mean'), p99: max('p99'), max: max('max') },
  };
}

/**
 * The load with distinct tokens combines each pair with each cycle. A combination repeats after `pairs * maxCycle`
 * requests, which take more than a second, so all tokens that are issued within a second differ.
 */
function loadsOf(pairs: readonly Pair[]): Load[] {
  const distinct = Array.from({ length: pairs.length * maxCycle }, (_, n) => {
    return tokenRequest(pairs[n % pairs.length], 1 + Math.floor(n / pairs.length));
  });
  const [hot] = pairs;
  const hotGet = tokenRequest(hot);
  const hotPost = basicRequest(hot);
  const unknown = Array.from({ length: 1024 }, () =>
    tokenRequest({ ak: crypto.randomUUID(), sk: crypto.randomUUID() }),
  );
  const jwks = toBytes(['GET /.well-known/jwks.json HTTP/1.1']);
  return [
    { name: 'distinct pairs', request: (n) => distinct[n % distinct.length] ?? hotGet, status: 200 },
    { name: 'one hot pair, GET', request: () => hotGet, status: 200 },
    { name: 'one hot pair, POST and Basic', request: () => hotPost, status: 200 },
    { name: 'unknown pairs (401)', request: (n) => unknown[n % unknown.length] ?? hotGet, status: 401 },
    { name: 'JWKS', request: () => jwks, status: 200 },
  ];
}

function tokenRequest(pair: Pair | undefined, cycle?: number): Buffer {
  const query = `ak=${pair?.ak}&sk=${pair?.sk}${cycle === undefined ? '' : `&cycle=${cycle}`}`;
  return toBytes([`GET ${tokenPath}?${query} HTTP/1.1`]);
}

function basicRequest(pair: Pair | undefined): Buffer {
  const basic = Buffer.from(`${pair?.ak}:${pair?.sk}`).toString('base64');
  return toBytes([`POST ${tokenPath} HTTP/1.1`, `Authorization: Basic ${basic}`, 'Content-Length: 0']);
}

const toBytes = (head: string[]) => Buffer.from([...head, 'Host: operator', '', ''].join('\r\n'));

/** Creates AccessKeys with two pairs each, and waits until the operator has created all pairs. */
async function createPairs(admin: Transport): Promise<Pair[]> {
  await post(admin, '/api/v1/namespaces', { metadata: { name: namespace } });
  for (let n = 0; n < accessKeys; n += 1) {
    await post(admin, `/apis/ghippo.io/v1alpha1/namespaces/${namespace}/accesskeys`, {
      apiVersion: 'ghippo.io/v1alpha1',
      kind: 'AccessKey',
      metadata: { name: `user-${n}` },
      spec: { user: { name: `user-${n}`, groups: ['team'] }, keyPairs: [{ name: 'one' }, { name: 'two' }] },
    });
  }
  return poll('the pairs', async () => {
    const secrets = JSON.parse(await get(admin, `/api/v1/namespaces/${namespace}/secrets`)).items;
    return secrets.length === 2 * accessKeys && secrets.map(({ data }: { data: Pair }) => decode(data));
  });
}

function decode({ ak, sk }: Pair): Pair {
  return { ak: atob(ak), sk: atob(sk) };
}

await withCluster(main);

/**
 * How many tokens a second the operator gives, beside the limit that the machine sets: the RSA signatures that OpenSSL
 * makes on both cores when nothing else is done. The limit is measured in the same run, before and after each load.
 *
 *   npm run bench:tokens -- [--seconds 10] [--connections 32] [--access-keys 300] [--replicas 1] [--only NAME]
 *     [--profile DIRECTORY]
 *
 * The load generator, the operator and an idle control plane share the cores. With replicas, the connections are shared
 * among so many operators, as a Service shares them.
 */
import { mkdir } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Transport } from '../src/kube/transport.ts';
import { poll } from '../tools/poll.ts';
import { type OperatorMetrics, type Served, serveOperator } from './bench-operator.ts';
import { type BenchCluster, get, post, withCluster } from './cluster.ts';
import { type Load, run } from './load-generator.ts';
import { busySeconds, signaturesPerSecond } from './machine.ts';
import { type Row, tableHead, tableRow } from './token-table.ts';

const cores = 2;
const warmUpSeconds = 3;
const longestCycle = 30;
const tokenPath = '/apis/ghippo.io/v1alpha1/token';
const namespace = 'bench';

const text = (value: string) => ({ type: 'string', default: value }) as const;
const { values } = parseArgs({
  options: {
    seconds: text('10'),
    connections: text('32'),
    'access-keys': text('300'),
    replicas: text('1'),
    only: text(''),
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

const say = (line: string) => process.stdout.write(`${line}\n`);

type Operators = readonly [Served, ...Served[]];

async function main({ admin, directory, kubeconfig }: BenchCluster): Promise<void> {
  const nodeArguments = values.profile ? ['--cpu-prof', `--cpu-prof-dir=${values.profile}`] : [];
  const serve = async (n: number) => {
    const own = join(directory, `replica-${n}`);
    await mkdir(own);
    return serveOperator({ kubeconfig, directory: own, nodeArguments });
  };
  const operators: [Served, ...Served[]] = [await serve(0)];
  try {
    while (operators.length < replicas) operators.push(await serve(operators.length));
    await measureAll(operators, await makePairs(admin));
  } finally {
    await Promise.all(operators.map((operator) => operator.stop()));
  }
}

/** Each load has the limit measured right before and after it, so that what else the machine does falls on both. */
async function measureAll(operators: Operators, pairs: readonly Pair[]): Promise<void> {
  const loads = loadsOf(pairs).filter(({ name }) => name.includes(values.only));
  for (const load of loads) await run(load, operators, connections, warmUpSeconds);
  const measured = `${pairs.length} pairs, ${connections} connections, ${replicas} replicas, ${seconds} s each`;
  say(`load average ${loadavg()[0]?.toFixed(2)}, ${measured}`);
  say(tableHead);
  let before = await signaturesPerSecond(cores);
  for (const load of loads) {
    const row = await measure(operators, load);
    const after = await signaturesPerSecond(cores);
    say(tableRow({ ...row, limits: [before, after] }));
    before = after;
  }
}

async function measure(operators: Operators, load: Load): Promise<Omit<Row, 'limits'>> {
  const before = await metricsOf(operators);
  const busy = busySeconds();
  const answered = await run(load, operators, connections, seconds);
  const busyFor = busySeconds() - busy;
  const after = await metricsOf(operators);
  const operatorCPU = after.cpuSeconds - before.cpuSeconds;
  return { name: load.name, answered, operatorCPU, busyFor, delay: after.eventLoop };
}

/** CPU time of all replicas, the worst event-loop delay of them. */
async function metricsOf(operators: Operators): Promise<Pick<OperatorMetrics, 'cpuSeconds' | 'eventLoop'>> {
  const all = await Promise.all(operators.map((operator) => operator.metrics()));
  const worst = (delay: keyof OperatorMetrics['eventLoop']) =>
    Math.max(...all.map(({ eventLoop }) => eventLoop[delay]));
  return {
    cpuSeconds: all.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    eventLoop: { mean: worst('mean'), p99: worst('p99'), max: worst('max') },
  };
}

/**
 * Distinct tokens: a pair comes again with another cycle, and with the same one after `pairs * longestCycle` requests,
 * which are more than a second has. So no two requests in a second have the same claims.
 */
function loadsOf(pairs: readonly Pair[]): Load[] {
  const distinct = Array.from({ length: pairs.length * longestCycle }, (_, n) => {
    return tokenRequest(pairs[n % pairs.length], 1 + Math.floor(n / pairs.length));
  });
  const [hot] = pairs;
  const one = tokenRequest(hot);
  const posted = basicRequest(hot);
  const wrong = Array.from({ length: 1024 }, () => tokenRequest({ ak: crypto.randomUUID(), sk: crypto.randomUUID() }));
  const certs = toBytes(['GET /.well-known/jwks.json HTTP/1.1']);
  return [
    { name: 'distinct pairs', request: (n) => distinct[n % distinct.length] ?? one, status: 200 },
    { name: 'one hot pair, GET', request: () => one, status: 200 },
    { name: 'one hot pair, POST and Basic', request: () => posted, status: 200 },
    { name: 'unknown pairs (401)', request: (n) => wrong[n % wrong.length] ?? one, status: 401 },
    { name: 'JWKS', request: () => certs, status: 200 },
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

/** Makes AccessKeys of two pairs each, and waits until the operator has made all pairs. */
async function makePairs(admin: Transport): Promise<Pair[]> {
  await post(admin, '/api/v1/namespaces', { metadata: { name: namespace } });
  for (let n = 0; n < accessKeys; n += 1) {
    await post(admin, `/apis/ghippo.io/v1alpha1/namespaces/${namespace}/accesskeys`, {
      ...{ apiVersion: 'ghippo.io/v1alpha1', kind: 'AccessKey', metadata: { name: `user-${n}` } },
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

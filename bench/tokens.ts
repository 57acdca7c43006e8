/**
 * How many tokens a second the operator gives, beside the limit that the machine sets: the RSA signatures that OpenSSL
 * makes on both cores when nothing else is done. The limit is measured in the same run, before and after each load.
 *
 *   npm run bench:tokens -- [--seconds 10] [--connections 32] [--access-keys 300] [--only NAME] [--profile DIRECTORY]
 *
 * The load generator, the operator and an idle control plane share the cores.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { Transport } from '../src/kube/transport.ts';
import { poll } from '../tools/poll.ts';
import { type BenchCluster, get, post, withCluster } from './cluster.ts';
import { type Load, run } from './load.ts';
import { busySeconds, signaturesPerSecond } from './machine.ts';
import { type Served, serveOperator } from './served.ts';
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
    only: text(''),
    profile: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const connections = Number(values.connections);
const accessKeys = Number(values['access-keys']);

interface Pair {
  ak: string;
  sk: string;
}

const say = (line: string) => process.stdout.write(`${line}\n`);

async function main({ admin, directory, kubeconfig }: BenchCluster): Promise<void> {
  const nodeArguments = values.profile ? ['--cpu-prof', `--cpu-prof-dir=${values.profile}`] : [];
  const operator = await serveOperator({ kubeconfig, directory, nodeArguments });
  try {
    await measureAll(operator, await makePairs(admin));
  } finally {
    await operator.stop();
  }
}

/** Each load has the limit measured right before and after it, so that what else the machine does falls on both. */
async function measureAll(operator: Served, pairs: readonly Pair[]): Promise<void> {
  const loads = loadsOf(pairs).filter(({ name }) => name.includes(values.only));
  for (const load of loads) await run(load, operator, connections, warmUpSeconds);
  say(`load average ${loadavg()[0]?.toFixed(2)}, ${pairs.length} pairs, ${connections} connections, ${seconds} s each`);
  say(tableHead);
  let before = await signaturesPerSecond(cores);
  for (const load of loads) {
    const measured = await measure(operator, load);
    const after = await signaturesPerSecond(cores);
    say(tableRow({ ...measured, limits: [before, after] }));
    before = after;
  }
}

async function measure(operator: Served, load: Load): Promise<Omit<Row, 'limits'>> {
  const { cpuSeconds } = await operator.metrics();
  const busy = busySeconds();
  const answered = await run(load, operator, connections, seconds);
  const busyFor = busySeconds() - busy;
  const metrics = await operator.metrics();
  return { name: load.name, answered, operatorCPU: metrics.cpuSeconds - cpuSeconds, busyFor, delay: metrics.eventLoop };
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

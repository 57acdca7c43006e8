/**
 * How many tokens a second the operator gives, beside the limit that the machine sets: the RSA signatures that OpenSSL
 * makes on both cores when nothing else is done. The limit is measured in the same run, before and after.
 *
 *   npm run bench:tokens -- [--seconds 10] [--connections 32] [--access-keys 300] [--only NAME] [--profile DIRECTORY]
 *
 * The load generator, the operator and an idle control plane share the cores.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { loadKubeconfig } from '../src/kube/kubeconfig.ts';
import { createTransport, type Transport } from '../src/kube/transport.ts';
import { startControlPlane } from '../tools/control-plane/control-plane.ts';
import { installManifests, writeOperatorKubeconfig } from '../tools/install.ts';
import { createKubectl } from '../tools/kubectl.ts';
import { poll } from '../tools/poll.ts';
import { type Answered, type Load, run } from './load.ts';
import { type OperatorMetrics, type Served, serveOperator } from './served.ts';

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

async function main(): Promise<void> {
  const controlPlane = await startControlPlane();
  const directory = await mkdtemp(join(tmpdir(), 'accesskey-bench-'));
  const admin = createTransport(() => loadKubeconfig(controlPlane.kubeconfig), 'bench');
  try {
    const kubectl = createKubectl(controlPlane.kubectl, controlPlane.kubeconfig);
    const kubeconfig = join(directory, 'operator.kubeconfig');
    await installManifests(kubectl);
    await writeOperatorKubeconfig(kubectl, kubeconfig);
    const nodeArguments = values.profile ? ['--cpu-prof', `--cpu-prof-dir=${values.profile}`] : [];
    const operator = await serveOperator({ kubeconfig, directory, nodeArguments });
    try {
      await measureAll(operator, await makePairs(admin));
    } finally {
      await operator.stop();
    }
  } finally {
    await admin.close();
    await controlPlane.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function measureAll(operator: Served, pairs: readonly Pair[]): Promise<void> {
  const loads = loadsOf(pairs).filter(({ name }) => name.includes(values.only));
  for (const load of loads) await run(load, operator.port, connections, warmUpSeconds);
  say(`load average ${loadavg()[0]?.toFixed(2)}, ${pairs.length} pairs, ${connections} connections, ${seconds} s each`);
  const before = await signaturesPerSecond();
  const rows: [Load, Answered, OperatorMetrics, number][] = [];
  for (const load of loads) {
    const from = await operator.metrics();
    const answered = await run(load, operator.port, connections, seconds);
    const to = await operator.metrics();
    rows.push([load, answered, to, to.cpuSeconds - from.cpuSeconds]);
  }
  const after = await signaturesPerSecond();
  const limit = (before + after) / 2;
  say(`limit: openssl speed -multi ${cores} rsa2048: ${before.toFixed(0)}/s before, ${after.toFixed(0)}/s after\n`);
  say(
    '| load | /s | of the limit | p50 ms | p99 ms | p99.9 ms | loop delay mean, p99, max ms | CPU µs per answer: operator + generator | errors |',
  );
  say('|---|---|---|---|---|---|---|---|---|');
  for (const row of rows) say(describe(limit, ...row));
}

function describe(limit: number, load: Load, answered: Answered, operator: OperatorMetrics, cpu: number): string {
  const { count, errors, latency, seconds: took, cpuSeconds } = answered;
  const rate = count / took;
  const latencies = [50, 99, 99.9].map((rank) => (latency.percentile(rank) / 1e6).toFixed(1));
  const { mean, p99, max } = operator.eventLoop;
  const delays = [mean, p99, max].map((delay) => delay.toFixed(1)).join(', ');
  const shares = [cpu, cpuSeconds].map((share) => ((1e6 * share) / count).toFixed(0)).join(' + ');
  const cells = [load.name, rate.toFixed(0), (rate / limit).toFixed(2), ...latencies, delays, shares, errors];
  return `| ${cells.join(' | ')} |`;
}

/** What RSA alone allows. */
async function signaturesPerSecond(): Promise<number> {
  const args = ['speed', '-seconds', '3', '-multi', String(cores), 'rsa2048'];
  const { stdout } = await promisify(execFile)('openssl', args);
  const rate = /^rsa 2048 bits\s+\S+s\s+\S+s\s+(\S+)/m.exec(stdout)?.[1];
  if (rate === undefined) throw new Error(`openssl said no rate:\n${stdout}`);
  return Number(rate);
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
  await send(admin, 'POST', '/api/v1/namespaces', { metadata: { name: namespace } });
  for (let n = 0; n < accessKeys; n += 1) {
    await send(admin, 'POST', `/apis/ghippo.io/v1alpha1/namespaces/${namespace}/accesskeys`, {
      ...{ apiVersion: 'ghippo.io/v1alpha1', kind: 'AccessKey', metadata: { name: `user-${n}` } },
      spec: { user: { name: `user-${n}`, groups: ['team'] }, keyPairs: [{ name: 'one' }, { name: 'two' }] },
    });
  }
  return poll('the pairs', async () => {
    const secrets = JSON.parse(await send(admin, 'GET', `/api/v1/namespaces/${namespace}/secrets`)).items;
    return secrets.length === 2 * accessKeys && secrets.map(({ data }: { data: Pair }) => decode(data));
  });
}

function decode({ ak, sk }: Pair): Pair {
  return { ak: atob(ak), sk: atob(sk) };
}

async function send(admin: Transport, method: 'GET' | 'POST', path: string, body?: object): Promise<string> {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  const answer = await admin.send({ method, path, headers, ...(body && { body: JSON.stringify(body) }) });
  return answer.body.text();
}

await main();

/**
 * Tokens per second: for requests that are all different, so that each needs a signature, and for one pair that is asked
 * for again and again. The limit is what `openssl speed` signs on the same two cores in the same run.
 *
 *   npm run bench:tokens -- [--seconds 10] [--connections 32]
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { stringify } from 'yaml';
import { startControlPlane } from '../tools/control-plane/control-plane.ts';
import { installManifests, writeOperatorKubeconfig } from '../tools/install.ts';
import { createKubectl, type Kubectl } from '../tools/kubectl.ts';
import { type OperatorProcess, startOperator } from '../tools/operator-process.ts';
import { poll } from '../tools/poll.ts';
import { type LoadResult, load } from './load.ts';

const run = promisify(execFile);
const accessKeys = 200;
const cycles = 30;
const tokenPath = '/apis/ghippo.io/v1alpha1/token';
const options = {
  seconds: { type: 'string', default: '10' },
  connections: { type: 'string', default: '32' },
  profile: { type: 'string' },
} as const;
const { values } = parseArgs({ options });

interface Pair {
  ak: string;
  sk: string;
}

const say = (line: string) => process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const controlPlane = await startControlPlane();
  const directory = await mkdtemp(join(tmpdir(), 'accesskey-bench-'));
  let operator: OperatorProcess | undefined;
  try {
    const kubectl = createKubectl(controlPlane.kubectl, controlPlane.kubeconfig);
    operator = await startBenchOperator(kubectl, directory);
    const pairs = await createPairs(kubectl);
    await poll('the pairs', async () => (await fetch(tokenUrl(operator, pairs.at(-1)))).ok);
    await measure(operator, pairs);
  } finally {
    await operator?.stop();
    await controlPlane.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

function tokenUrl(operator: OperatorProcess | undefined, pair: Pair | undefined): string {
  return `${operator?.url}${tokenPath}?ak=${pair?.ak}&sk=${pair?.sk}`;
}

async function measure(operator: OperatorProcess, pairs: readonly Pair[]): Promise<void> {
  const { host, hostname, port } = new URL(operator.url);
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  const distinct = (n: number) => {
    const pair = pairs[n % pairs.length];
    const cycle = 1 + (Math.floor(n / pairs.length) % cycles);
    return get(`${tokenPath}?ak=${pair?.ak}&sk=${pair?.sk}&cycle=${cycle}`);
  };
  const hot = get(`${tokenPath}?ak=${pairs[0]?.ak}&sk=${pairs[0]?.sk}`);
  const wrong = get(`${tokenPath}?ak=${pairs[0]?.ak}&sk=${crypto.randomUUID()}`);
  const target = { host: hostname, port: Number(port), connections: Number(values.connections) };
  const seconds = Number(values.seconds);
  const under = (request: (n: number) => string, status = 200) => load({ ...target, seconds, request, status });

  await load({ ...target, seconds: 3, request: distinct, status: 200 });
  const before = await signaturesPerSecond();
  const rows: [string, LoadResult][] = [
    ['distinct', await under(distinct)],
    ['one hot pair', await under(() => hot)],
    ['published keys', await under(() => get('/.well-known/jwks.json'))],
    ['wrong sk', await under(() => wrong, 401)],
  ];
  const limit = (before + (await signaturesPerSecond())) / 2;
  say(`openssl speed -multi 2 rsa2048: ${limit.toFixed(0)} signatures/s`);
  for (const [what, { perSecond, p50, p99, p999, errors }] of rows) {
    const ratio = `${(perSecond / limit).toFixed(2)} of the limit`;
    const times = `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, p999 ${p999.toFixed(1)} ms`;
    say(`${what}: ${perSecond.toFixed(0)}/s, ${ratio}, ${times}, ${errors} errors`);
  }
  say(await eventLoopDelay(operator));
}

/** The event loop of the operator over the whole run, by prom-client's metrics. */
async function eventLoopDelay({ healthUrl }: OperatorProcess): Promise<string> {
  const text = await (await fetch(`${healthUrl}/metrics`)).text();
  const lag = (what: string) => {
    const [, value] = new RegExp(`^nodejs_eventloop_lag_${what}_seconds (\\S+)$`, 'm').exec(text) ?? [];
    return `${what} ${(Number(value) * 1000).toFixed(1)} ms`;
  };
  return `event loop delay: ${['p50', 'p99', 'max'].map(lag).join(', ')}`;
}

async function signaturesPerSecond(): Promise<number> {
  const { stdout } = await run('openssl', ['speed', '-seconds', '3', '-multi', '2', 'rsa2048']);
  return Number(/rsa\s+2048 bits\s+\S+\s+\S+\s+([\d.]+)/.exec(stdout)?.[1]);
}

async function startBenchOperator(kubectl: Kubectl, directory: string): Promise<OperatorProcess> {
  const kubeconfig = join(directory, 'operator.kubeconfig');
  const config = join(directory, 'config.yaml');
  await installManifests(kubectl);
  await writeOperatorKubeconfig(kubectl, kubeconfig);
  const loopback = { address: '127.0.0.1', port: 0 };
  const configuration = {
    ...{ apiVersion: 'config.ghippo.io/v1alpha1', kind: 'OperatorConfiguration' },
    http: { ...loopback, plain: true, shutdownDelaySeconds: 0 },
    health: loopback,
    token: { maxCycle: cycles, failureThrottle: { burst: 1_000_000, refillSeconds: 0.001 } },
  };
  await writeFile(config, stringify(configuration));
  const nodeArguments = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`];
  const operator = await startOperator(['--kubeconfig', kubeconfig, '--config', config], { nodeArguments });
  await operator.ready();
  return operator;
}

/** @returns the pairs of all AccessKeys, once every one is there */
async function createPairs(kubectl: Kubectl): Promise<Pair[]> {
  const items = Array.from({ length: accessKeys }, (_, n) => ({
    ...{ apiVersion: 'ghippo.io/v1alpha1', kind: 'AccessKey', metadata: { namespace: 'default', name: `user-${n}` } },
    spec: { user: { name: `user-${n}`, groups: ['bench'] }, keyPairs: [{ name: 'one' }, { name: 'two' }] },
  }));
  await kubectl.apply({ apiVersion: 'v1', kind: 'List', items });
  return poll('the Secrets', async () => {
    const selector = ['-l', 'app.kubernetes.io/managed-by=accesskey-operator'];
    const list = await kubectl.get<{ items: { data: Pair }[] }>('secrets', '-n', 'default', ...selector);
    const decode = (value: string) => Buffer.from(value, 'base64').toString();
    const pairs = list.items.map(({ data }) => ({ ak: decode(data.ak), sk: decode(data.sk) }));
    return pairs.length === 2 * accessKeys && pairs;
  });
}

await main();

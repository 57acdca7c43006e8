/** Runs the example services that use a key pair, outside of pods, with a real operator. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { installMissing } from '../../tools/debian/packages.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { run } from '../../tools/run-command.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import {
  accessKeyManifest,
  createNamespace,
  createPair,
  type Pair,
  pairStops,
  readPair,
  waitReady,
} from '../support/platform.ts';

const examples = join(import.meta.dirname, '../../examples/consumers');

let cluster: TestCluster;
let operator: OperatorProcess;
let goProgram: string;

beforeAll(async () => {
  await installMissing({ python3: 'python3', curl: 'curl' });
  cluster = await startTestCluster();
  operator = await cluster.startOperator({ access: { cacheSeconds: 1 } });
  goProgram = join(cluster.directory, 'consumer');
  await run('go', ['build', '-o', goProgram, '.'], { cwd: join(examples, 'go') });
  await createNamespace(cluster.kubectl, 'shop');
  await cluster.kubectl.run(['create', 'deployment', 'cart', '--image=cart', '-n', 'shop']);
  await cluster.kubectl.run(['create', 'clusterrolebinding', 'readers', '--clusterrole=view', '--group=readers']);
});
afterAll(() => cluster?.stop());

interface Consumer {
  readonly child: ChildProcess;
  readonly lines: string[];
}

const running: Consumer[] = [];
afterEach(() => {
  for (const { child } of running.splice(0)) child.kill();
});

function start(command: readonly string[], pairDirectory: string): Consumer {
  const [program = '', ...args] = command;
  const settings = { ACCESSKEY_URL: operator.url, PAIR_DIRECTORY: pairDirectory, INTERVAL_SECONDS: '1' };
  const child = spawn(program, args, { env: { ...process.env, ...settings }, stdio: ['ignore', 'pipe', 'pipe'] });
  const consumer: Consumer = { child, lines: [] };
  for (const output of [child.stdout, child.stderr])
    createInterface(output).on('line', (line) => consumer.lines.push(line));
  running.push(consumer);
  return consumer;
}

async function writePair(directory: string, { ak, sk }: Pair): Promise<void> {
  await mkdir(directory, { recursive: true });
  await Promise.all([writeFile(join(directory, 'ak'), ak), writeFile(join(directory, 'sk'), sk)]);
}

const tokenLines = ({ lines }: Consumer) => lines.filter((line) => line.startsWith('token for '));
const listings = ({ lines }: Consumer) => lines.filter((line) => line.includes(' deployments'));

describe.each([
  ['typescript', () => [process.execPath, join(examples, 'typescript/consumer.ts')]],
  ['go', () => [goProgram]],
  ['python', () => ['python3', join(examples, 'python/consumer.py')]],
  ['curl', () => [join(examples, 'curl/consumer.sh')]],
] as const)('%s', (name, command) => {
  test('lists deployments with one token and follows a rotation', async () => {
    const { kubectl, directory } = cluster;
    const manifest = accessKeyManifest('shop', name, { user: { name, groups: ['readers'] } });
    const pair = await createPair(kubectl, manifest);
    const pairDirectory = join(directory, name);
    await writePair(pairDirectory, pair);

    const consumer = start(command(), pairDirectory);
    await poll('three listings', async () => listings(consumer).length >= 3);
    expect(tokenLines(consumer)).toEqual([`token for ${pair.ak}`]);
    for (const line of listings(consumer)) expect(line).toMatch(/^1 deployments(: shop\/cart)?$/);

    const keyPairs = [{ name: 'main', revision: 2 }];
    await kubectl.apply(accessKeyManifest('shop', name, { user: { name, groups: ['readers'] }, keyPairs }));
    // The former pair stops with the edit, before the Secret has the new one.
    await waitReady(kubectl, 'shop', name);
    const rotated = await readPair(kubectl, 'shop', `${name}-main`);
    await pairStops(operator.url, pair);
    await writePair(pairDirectory, rotated);
    const before = listings(consumer).length;
    await poll('listings with the new pair', async () => listings(consumer).length >= before + 2);
    expect(tokenLines(consumer)).toEqual([`token for ${pair.ak}`, `token for ${rotated.ak}`]);
    expect(consumer.lines.join('\n')).not.toContain(pair.sk);
  });
});

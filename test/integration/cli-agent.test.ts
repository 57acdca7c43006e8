/** `kubectl accesskey agent` with a real operator. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { type CliProcess, startCli } from '../support/cli-process.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { leaksIn } from '../support/leaks.ts';
import { type MountedFiles, mountFiles } from '../support/mounted-files.ts';
import {
  accessKeyManifest,
  createNamespace,
  createPair,
  type Pair,
  readPair,
  waitObserved,
} from '../support/platform.ts';

const examples = join(import.meta.dirname, '../../examples/consumers/agent');

let cluster: TestCluster;
let operator: OperatorProcess;
let directory: string;
const agents: CliProcess[] = [];

beforeAll(async () => {
  cluster = await startTestCluster();
  operator = await cluster.startOperator();
  await createNamespace(cluster.kubectl, 'people');
});
afterAll(() => cluster?.stop());
beforeEach(async () => {
  directory = await mkdtemp(join(cluster.directory, 'agent-'));
});
afterEach(async () => {
  const stopped = agents.splice(0);
  await Promise.all(stopped.map((agent) => agent.stop('SIGKILL')));
  const output = stopped.flatMap((agent) => agent.output).join('\n');
  expect(leaksIn({ output }, cluster.secretKeys)).toEqual([]);
});

const inDirectory = (name: string) => join(directory, name);
const tokenFile = () => inDirectory('token');
const readToken = () => readFile(tokenFile(), 'utf8');
const exists = async (name: string) => (await readdir(directory)).includes(name);

async function startAgent(...args: string[]): Promise<CliProcess> {
  const agent = await startCli(['agent', '--server', operator.url, '--token-file', tokenFile(), ...args]);
  agents.push(agent);
  return agent;
}

const asFiles = ({ ak, sk }: Pair) => ({ ak, sk });

/** Creates a key pair and mounts its Secret. */
async function mountPair(name: string): Promise<[MountedFiles, Pair]> {
  const pair = await createPair(cluster.kubectl, accessKeyManifest('people', name));
  const files = await mountFiles(asFiles(pair));
  onTestFinished(files.remove);
  return [files, pair];
}

/** Waits for a token of a key pair. */
function tokenOf({ ak }: Pair): Promise<string> {
  return poll('a token of the pair', async () => {
    const token = await readToken();
    return decodeJwt(token).client_id === ak && token;
  });
}

const statusWith = async (token: string) => {
  const url = `${operator.url}/apis/ghippo.io/v1alpha1/current-user`;
  return (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status;
};

test('writes a token with mode and owner, reports readiness, and removes the readiness file at SIGTERM', async () => {
  const [{ folder }, pair] = await mountPair('first');
  await writeFile(inDirectory('.token.0123456789ab.accesskey-tmp'), 'left by a killed agent');
  const isRoot = process.getuid?.() === 0;
  const more = isRoot ? ['--owner', '65532:65532'] : [];
  const agent = await startAgent(
    ...['--pair-directory', folder, '--mode', '0640', '--ready-file', inDirectory('ready')],
    ...['--metrics-address', '127.0.0.1:0', ...more],
  );
  expect(await statusWith(await tokenOf(pair))).toBe(200);
  const { mode, uid } = await stat(tokenFile());
  expect(mode & 0o777).toBe(0o640);
  if (isRoot) expect(uid).toBe(65_532);
  await poll('the readiness file', () => exists('ready'));
  expect((await readdir(directory)).sort()).toEqual(['ready', 'token']);

  const { port } = JSON.parse(await agent.logged('serving metrics'));
  const get = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  expect(await get('/readyz')).toBe('ok\n');
  const metrics = await get('/metrics');
  expect(metrics).toMatch(/^accesskey_agent_refreshes_total 1$/m);
  expect(metrics).toContain('accesskey_agent_refresh_failures_total{reason="rejected"} 0');
  const [, expiry] = /^accesskey_agent_token_expiry_timestamp_seconds (\d+)$/m.exec(metrics) ?? [];
  const { iat = 0, exp = 0 } = decodeJwt(await readToken());
  // Counted from the moment of the request, so never later than in the token.
  expect(Number(expiry)).toBeLessThanOrEqual(exp);
  expect(Number(expiry)).toBeGreaterThan(iat);

  expect(await agent.stop()).toBe(0);
  expect(await readdir(directory)).toEqual(['token']);
});

test('follows a rotation of the mounted Secret, runs the command and sends the signal', async () => {
  const [mounted, pair] = await mountPair('rotated');
  // Ends with exit code 3 at SIGHUP.
  const service = spawn('/bin/sh', ['-c', 'trap "exit 3" HUP; echo; while :; do sleep 0.1; done']);
  onTestFinished(() => void service.kill('SIGKILL'));
  const exit = once(service, 'exit');
  await once(service.stdout, 'data');
  const agent = await startAgent('--pair-directory', mounted.folder, '--exec', `echo new >> ${inDirectory('log')}`);
  await tokenOf(pair);
  await agent.logged('notified');
  await agent.stop();

  await writeFile(inDirectory('pid'), String(service.pid));
  const flags = ['--signal', 'HUP', '--pid-file', inDirectory('pid')];
  const second = await startAgent('--pair-directory', mounted.folder, ...flags);
  await second.logged('notified');
  expect(await exit).toEqual([3, null]);

  await cluster.kubectl.apply(accessKeyManifest('people', 'rotated', { keyPairs: [{ name: 'main', revision: 2 }] }));
  await waitObserved(cluster.kubectl, 'people', 'rotated');
  const rotated = await readPair(cluster.kubectl, 'people', 'rotated-main');
  await mounted.swap(asFiles(rotated));
  expect(await statusWith(await tokenOf(rotated))).toBe(200);
  expect(await readFile(inDirectory('log'), 'utf8')).toBe('new\n');
  // The service has ended, which does not affect the token.
  await second.logged('notification failed');
});

test('keeps the token while the operator is down, also after a restart of the agent, and refreshes it later', async () => {
  const [{ folder }, pair] = await mountPair('patient');
  const flags = ['--pair-directory', folder, '--ready-file', inDirectory('ready')];
  const first = await startAgent(...flags);
  const before = await tokenOf(pair);
  await first.stop('SIGKILL');
  const port = Number(new URL(operator.url).port);
  await operator.stop();

  const second = await startAgent(...flags);
  const line = JSON.parse(await second.logged('keeping the current one'));
  expect(line.reason).toContain('connection refused');
  await poll('the readiness file', () => exists('ready'));
  expect(await readToken()).toBe(before);

  operator = await cluster.startOperator({ http: { address: '127.0.0.1', port, plain: true } });
  await second.logged('token written');
  expect(await readToken()).not.toBe(before);
  expect(await exists('ready')).toBe(true);
});

describe('--once', () => {
  test('exchanges the token of a ServiceAccount', async () => {
    const { kubectl } = cluster;
    await kubectl.run(['create', 'serviceaccount', 'job', '-n', 'people']);
    await kubectl.apply(accessKeyManifest('people', 'job', { serviceAccounts: ['job'], keyPairs: [] }));
    await waitObserved(kubectl, 'people', 'job');
    const audience = '--audience=ghippo.io';
    await writeFile(inDirectory('subject'), await kubectl.run(['create', 'token', 'job', '-n', 'people', audience]));
    const agent = await startAgent('--subject-token-file', inDirectory('subject'), '--once', '--timeout', '1m');
    expect(await agent.ended).toBe(0);
    expect(decodeJwt(await readToken()).client_id).toBe('system:serviceaccount:people:job');
  });

  test('fails after its time limit, and reports why', async () => {
    const [{ folder, swap }, pair] = await mountPair('wrong');
    await swap(asFiles({ ...pair, sk: pair.ak.replace(/^./, (one) => (one === '0' ? '1' : '0')) }));
    const agent = await startAgent('--pair-directory', folder, '--once', '--timeout', '30s');
    expect(await agent.ended).toBe(1);
    expect(agent.output.join('\n')).toMatch(/rejects the key pair.*\n(.*\n)*error: --timeout has passed/);
    expect(await readdir(directory)).toEqual([]);
  });
});

describe('examples/consumers/agent', () => {
  test.each(['sidecar.yaml', 'native-sidecar.yaml'])('%s complies with Pod Security restricted', async (name) => {
    const { kubectl } = cluster;
    const namespace = await createNamespace(kubectl, `restricted-${name.replace('.yaml', '')}`);
    await kubectl.run(['label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted']);
    await kubectl.run(['create', 'serviceaccount', 'robot', '-n', namespace]);
    const { spec } = parse(await readFile(join(examples, name), 'utf8'), { merge: true });
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'example', namespace }, spec: spec.template.spec };
    await kubectl.run(['create', '-f', '-', '--dry-run=server', '--validate=strict'], JSON.stringify(pod));
  });
});

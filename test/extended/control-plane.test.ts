import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type ControlPlane, startControlPlane } from '../../tools/control-plane/control-plane.ts';
import { processesNaming } from '../unit/tools/control-plane/support/processes.ts';

/** A watch of a controller reconnects after up to 30 s, and with jitter after up to a minute (client-go, reflector.go). */
const reconnected = { timeout: 90_000 };
const patience = { timeout: 90_000 };

/** Runs kubectl as administrator. @returns its output */
async function kubectl({ kubectl: path, kubeconfig }: ControlPlane, ...words: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(path, ['--kubeconfig', kubeconfig, ...words]);
  return stdout.trim();
}

/** An empty temporary folder for the folders of the programs under test. */
async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'accesskey-operator-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe('two control planes that start at the same time', () => {
  let plain: ControlPlane;
  let simulating: ControlPlane;

  beforeAll(async () => {
    const started = await Promise.allSettled([startControlPlane(), startControlPlane({ workloads: true })]);
    const [first, second] = started;
    if (first.status === 'fulfilled') plain = first.value;
    if (second.status === 'fulfilled') simulating = second.value;
    for (const result of started) if (result.status === 'rejected') throw result.reason;
  });

  afterAll(async () => {
    await Promise.all([plain?.stop(), simulating?.stop()]);
  });

  test('do not share data', async () => {
    expect(plain.server).not.toBe(simulating.server);
    await kubectl(plain, 'create', 'configmap', 'only-here');
    expect(await kubectl(plain, 'get', 'configmaps', '-o', 'name')).toContain('configmap/only-here');
    expect(await kubectl(simulating, 'get', 'configmaps', '-o', 'name')).not.toContain('configmap/only-here');
  });

  test('have a default ServiceAccount that can get tokens', async () => {
    expect(await kubectl(plain, 'create', 'token', 'default')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  });

  test('authorize with RBAC', async () => {
    const may = (...words: string[]) => kubectl(plain, 'auth', 'can-i', 'create', 'pods', ...words);
    expect(await may()).toBe('yes');
    await expect(may('--as=nobody')).rejects.toMatchObject({ stdout: 'no\n' });
  });

  test('have a kubeconfig that only its owner can read', () => {
    expect(statSync(plain.kubeconfig).mode & 0o777).toBe(0o600);
  });

  test('garbage collect dependents of a deleted object', async () => {
    await kubectl(plain, 'create', 'configmap', 'owner');
    const uid = await kubectl(plain, 'get', 'configmap', 'owner', '-o', 'jsonpath={.metadata.uid}');
    await kubectl(plain, 'create', 'secret', 'generic', 'owned');
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }];
    await kubectl(plain, 'patch', 'secret', 'owned', '-p', JSON.stringify({ metadata: { ownerReferences } }));
    await kubectl(plain, 'delete', 'configmap', 'owner');
    await expect.poll(() => kubectl(plain, 'get', 'secrets', '-o', 'name'), patience).not.toContain('secret/owned');
  });

  test('run, scale and delete a Deployment with workloads', async () => {
    const pods = () => kubectl(simulating, 'get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].status.phase}');
    await kubectl(simulating, 'create', 'deployment', 'web', '--image=web', '--replicas=2');
    await kubectl(simulating, 'wait', '--for=condition=Available', 'deployment/web', '--timeout=30s');
    await expect.poll(pods, patience).toBe('Running Running');
    await kubectl(simulating, 'scale', 'deployment/web', '--replicas=3');
    await expect.poll(pods, patience).toBe('Running Running Running');
    await kubectl(simulating, 'scale', 'deployment/web', '--replicas=1');
    await expect.poll(pods, patience).toBe('Running');
    await kubectl(simulating, 'delete', 'deployment', 'web');
    await expect.poll(pods, patience).toBe('');
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)(
    'keep their data when the API server is restarted with %s',
    async (signal) => {
      const name = `kept-${signal.toLowerCase()}`;
      await kubectl(simulating, 'create', 'deployment', name, '--image=web');
      await simulating.stopApiServer(signal);
      await expect(kubectl(simulating, 'version', '--request-timeout=5s')).rejects.toThrow('refused');
      await simulating.startApiServer();
      expect(await kubectl(simulating, 'get', 'deployments', '-o', 'name')).toContain(`deployment.apps/${name}`);
      // The controllers work again.
      await kubectl(simulating, 'scale', `deployment/${name}`, '--replicas=2');
      const available = ['get', 'deployment', name, '-o', 'jsonpath={.status.availableReplicas}'];
      await expect.poll(() => kubectl(simulating, ...available), reconnected).toBe('2');
    },
  );

  test('restart a controller manager that has ended', async () => {
    const manager = processesNaming(plain.directory).find(({ command }) => command.includes('controller-manager '));
    if (!manager) throw new Error('there is no controller manager');
    process.kill(manager.id, 'SIGKILL');
    await kubectl(plain, 'create', 'namespace', 'later');
    const accounts = () => kubectl(plain, 'get', 'serviceaccounts', '-n', 'later', '-o', 'name');
    await expect.poll(accounts, patience).toBe('serviceaccount/default');
  });

  test('leave nothing behind when stopped, and can be stopped twice', async () => {
    expect(processesNaming(simulating.directory)).toHaveLength(5);
    await simulating.stop();
    await simulating.stop();
    expect(processesNaming(simulating.directory)).toEqual([]);
    expect(existsSync(simulating.directory)).toBe(false);
    await expect(simulating.startApiServer()).rejects.toThrow();
  });
});

describe('a failed start', () => {
  test('shows the last lines of the program and leaves nothing behind', async () => {
    const folder = await temporaryFolder();
    vi.stubEnv('TMPDIR', folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    const started = startControlPlane({ apiServerArguments: ['--no-such-flag'] });
    await expect(started).rejects.toThrow(
      /^kube-apiserver ended \(exit code 1\); its last lines:\n[\s\S]*no-such-flag/,
    );
    expect(readdirSync(folder)).toEqual([]);
    expect(processesNaming(folder)).toEqual([]);
  });

  test('is retried three times if a port is in use', async () => {
    const folder = await temporaryFolder();
    vi.stubEnv('TMPDIR', folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    const holder = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void holder.close());
    await once(holder, 'listening');
    const address = holder.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const lines: string[] = [];
    const log = (line: string) => lines.push(line);
    const apiServerArguments = [`--secure-port=${address.port}`];
    await expect(startControlPlane({ apiServerArguments, log })).rejects.toThrow('address already in use');
    expect(lines.filter((line) => line.startsWith('A port was taken'))).toHaveLength(3);
    expect(readdirSync(folder)).toEqual([]);
    expect(processesNaming(folder)).toEqual([]);
  });
});

describe('the command', () => {
  const script = join(import.meta.dirname, '..', '..', 'tools', 'control-plane', 'main.ts');

  /** Runs the command. Its processes have the temporary folder in their command lines. */
  async function run(words: readonly string[], folder: string) {
    const child = spawn(process.execPath, [script, ...words], {
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGTERM'));
    const output = { out: '', error: '' };
    child.stdout.on('data', (data) => {
      output.out += data;
    });
    child.stderr.on('data', (data) => {
      output.error += data;
    });
    const ended = once(child, 'close').then(([code, signal]) => signal ?? code);
    return { child, output, ended };
  }

  test.each(['SIGTERM', 'SIGINT'] as const)('runs until %s and leaves nothing behind', async (signal) => {
    const folder = await temporaryFolder();
    const kubeconfig = join(await temporaryFolder(), 'kubeconfig');
    const { child, output, ended } = await run(['--kubeconfig', kubeconfig], folder);
    await expect
      .poll(() => output.out, patience)
      .toMatch(new RegExp(`^Ready: https://127\\.0\\.0\\.1:\\d+\nexport KUBECONFIG=${kubeconfig}\n$`));
    expect(statSync(kubeconfig).mode & 0o777).toBe(0o600);
    // etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok.
    expect(processesNaming(folder)).toHaveLength(5);
    child.kill(signal);
    expect(await ended).toBe(0);
    expect(output.error).toBe('');
    expect(processesNaming(folder)).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
    expect(existsSync(kubeconfig)).toBe(false);
  });

  test('can be interrupted while it starts', async () => {
    const folder = await temporaryFolder();
    const { child, output, ended } = await run(['--kubeconfig', join(folder, 'kubeconfig')], folder);
    await expect.poll(() => processesNaming(folder).length, patience).toBeGreaterThan(1);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(output.out).toBe('');
    expect(processesNaming(folder)).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('starts three programs without workloads', async () => {
    const folder = await temporaryFolder();
    const kubeconfig = join(await temporaryFolder(), 'kubeconfig');
    const { child, output, ended } = await run(['--kubeconfig', kubeconfig, '--no-workloads'], folder);
    await expect.poll(() => output.out, patience).toContain('Ready: ');
    expect(processesNaming(folder)).toHaveLength(3);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  test.each([
    [['--kubeconfig', 'file', '--wrong'], '--wrong'],
    [['--kubeconfig'], '--kubeconfig'],
    [[], '--kubeconfig FILE is required'],
    [['--kubeconfig', 'file', 'word'], 'word'],
  ])('reports the error in %j in one line', async (words, expected) => {
    const folder = await temporaryFolder();
    const { output, ended } = await run(words, folder);
    expect(await ended).toBe(2);
    expect(output.error).toContain(expected);
    expect(output.error.trimEnd().split('\n')).toHaveLength(1);
    expect(output.out).toBe('');
  });

  test('prints its help', async () => {
    const { output, ended } = await run(['--help'], await temporaryFolder());
    expect(await ended).toBe(0);
    expect(output.out).toContain('--no-workloads');
  });
});

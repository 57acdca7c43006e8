import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { stringify } from 'yaml';
import { useExecPlugin } from '../../../src/kube/exec-plugin.ts';
import { loadKubeconfig } from '../../../src/kube/kubeconfig.ts';
import { createTransport } from '../../../src/kube/transport.ts';
import { type CredentialSessions, createCredentialSessions } from '../../../src/kube/transport-session.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'exec-plugin-test-'));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => {
    vi.useRealTimers();
    rmSync(folder, { recursive: true });
  });
});

const file = (name: string) => join(folder, name);

/** A kubeconfig whose plug-in is a shell script that adds its pid to the file `started`. */
function load(script: string, more: { exec?: object; cluster?: object } = {}) {
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: 'sh',
    args: ['-c', `echo $$ >> "$folder/started"; ${script}`],
    env: [{ name: 'folder', value: folder }],
    ...more.exec,
  };
  const kubeconfig = {
    'current-context': 'here',
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1', ...more.cluster } }],
    users: [{ name: 'u', user: { exec } }],
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
  };
  writeFileSync(file('kubeconfig'), stringify(kubeconfig));
  return loadKubeconfig(file('kubeconfig'), { environment: process.env, kill: process.kill });
}

function sessionsWith(script: string): CredentialSessions {
  const sessions = createCredentialSessions(() => load(script));
  onTestFinished(() => sessions.close());
  return sessions;
}

/** Pids in a file, one a line. */
const pids = (name: string) =>
  (existsSync(file(name)) ? readFileSync(file(name), 'utf8') : '').match(/\d+(?=\n)/g) ?? [];

async function pidIn(name: string): Promise<string> {
  await expect.poll(() => pids(name)).toHaveLength(1);
  return pids(name)[0] ?? '';
}

/** A process that has ended may stay as a zombie until its parent reads its exit code. */
function isRunning(pid: string): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

const credential = (status: object) => JSON.stringify({ kind: 'ExecCredential', status });
const prints = (status: object) => `printf '%s' '${credential(status)}'`;
const hangs = 'sleep 600 & echo $! > "$folder/child"; wait';

describe('a credential plug-in', () => {
  it('is killed with its processes at the time limit, and the next call runs it again', async () => {
    const sessions = sessionsWith(`[ -e "$folder/works" ] || { ${hangs}; }; ${prints({ token: 'fresh' })}`);
    const waiting = [sessions.current(), sessions.current(), sessions.current()].map((one) =>
      one.catch((error: Error) => error.message),
    );
    const child = await pidIn('child');
    vi.advanceTimersByTime(30_000);
    const problem = 'credential plug-in sh did not end within 30 s';
    expect(await Promise.all(waiting)).toEqual([problem, problem, problem]);
    await expect.poll(() => isRunning(child)).toBe(false);
    expect(pids('started')).toHaveLength(1);

    writeFileSync(file('works'), '');
    expect(await sessions.current()).toMatchObject({ headers: { Authorization: 'Bearer fresh' } });
    expect(pids('started')).toHaveLength(2);
  });

  it('counts as ended at the time limit, even if a process of another group keeps its output open', async () => {
    const sessions = sessionsWith('setsid sh -c \'echo $$ > "$folder/child"; exec sleep 600\'');
    const waiting = sessions.current().catch((error: Error) => error.message);
    const child = Number(await pidIn('child'));
    onTestFinished(() => void process.kill(child, 'SIGKILL'));
    vi.advanceTimersByTime(30_000);
    expect(await waiting).toMatch(/did not end/);
  });

  it('keeps running for other requests when one request that waits for it is aborted', async () => {
    const transport = createTransport(() => load(hangs), 'test');
    onTestFinished(() => transport.close());
    const [first, second] = [new AbortController(), new AbortController()];
    const [one, other] = [first, second].map(({ signal }) =>
      transport.send({ method: 'GET', path: '/', signal }).catch((error: Error) => error.message),
    );
    const child = await pidIn('child');
    first.abort(new Error('the first ended'));
    expect(await one).toBe('the first ended');
    expect(isRunning(child)).toBe(true);
    vi.advanceTimersByTime(30_000);
    expect(await other).toMatch(/^no valid response from the API server/);
    expect(pids('started')).toHaveLength(1);
  });

  it('provides a token or a client certificate', async () => {
    const kubeconfig = load(prints({ clientCertificateData: 'certificate', clientKeyData: 'key' }));
    const options: Record<string, unknown> = {};
    await kubeconfig.applyToHTTPSOptions(options);
    expect(options).toMatchObject({ cert: 'certificate', key: 'key', headers: {} });
  });

  describe('gets KUBERNETES_EXEC_INFO', () => {
    const apiVersion = 'client.authentication.k8s.io/v1';
    const ca = Buffer.from('certificate').toString('base64');
    const config = { audience: 'a' };
    const extensions = [
      { name: 'other', extension: {} },
      { name: 'client.authentication.k8s.io/exec', extension: config },
    ];

    async function infoFor(more: Parameters<typeof load>[1]): Promise<unknown> {
      const script = `printf '%s' "$KUBERNETES_EXEC_INFO" > "$folder/info"; ${prints({ token: 'a' })}`;
      await load(script, more).applyToHTTPSOptions({});
      return JSON.parse(readFileSync(file('info'), 'utf8'));
    }

    it('without the cluster', async () => {
      const info = { kind: 'ExecCredential', apiVersion, spec: { interactive: false } };
      expect(await infoFor({ cluster: { extensions } })).toEqual(info);
    });

    it('with the cluster, if it asks for it', async () => {
      writeFileSync(file('ca.crt'), 'certificate');
      const exec = { provideClusterInfo: true };
      const cluster = { 'certificate-authority': 'ca.crt', 'tls-server-name': 'api', extensions };
      const expected = {
        server: 'https://127.0.0.1:1',
        'tls-server-name': 'api',
        'certificate-authority-data': ca,
        config,
      };
      expect(await infoFor({ exec, cluster })).toMatchObject({ spec: { cluster: expected } });
      const inline = { 'certificate-authority-data': ca };
      expect(await infoFor({ exec, cluster: inline })).toMatchObject({ spec: { cluster: inline } });
    });

    it.each([
      [{}, 0],
      [{ provideClusterInfo: true }, 1],
    ])('whose settings are read only if it asks for them: %o', (more, times) => {
      const kubeconfig = new KubeConfig();
      kubeconfig.loadFromOptions({
        clusters: [{ name: 'c', server: 'https://127.0.0.1:1' }],
        users: [{ name: 'u', exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', ...more } }],
        contexts: [{ name: 'here', cluster: 'c', user: 'u' }],
        currentContext: 'here',
      });
      const readConfig = vi.fn();
      useExecPlugin(kubeconfig, { environment: {}, kill: process.kill }, readConfig);
      expect(readConfig).toHaveBeenCalledTimes(times);
    });
  });

  it('with a path as command is found relative to the kubeconfig', async () => {
    writeFileSync(file('plug.sh'), `#!/bin/sh\n${prints({ token: 'a' })}\n`, { mode: 0o755 });
    const options: Record<string, unknown> = {};
    await load('', { exec: { command: './plug.sh', args: [] } }).applyToHTTPSOptions(options);
    expect(options.headers).toEqual({ Authorization: 'Bearer a' });
  });

  it('is not run without the terminal that it requires', async () => {
    const kubeconfig = load(prints({ token: 'a' }), { exec: { interactiveMode: 'Always' } });
    await expect(kubeconfig.applyToHTTPSOptions({})).rejects.toThrow(
      'credential plug-in sh requires input, and standard input is not a terminal',
    );
    expect(pids('started')).toEqual([]);
  });

  it.each([
    ['does not expire', {}, 1],
    ['has not expired', { expirationTimestamp: '2999-01-01T00:00:00Z' }, 1],
    ['has expired', { expirationTimestamp: '2001-01-01T00:00:00Z' }, 2],
  ])('runs again only when its credential has expired: one that %s', async (_, expiry, runs) => {
    const kubeconfig = load(prints({ token: 'a', ...expiry }));
    await kubeconfig.applyToHTTPSOptions({});
    await kubeconfig.applyToHTTPSOptions({});
    expect(pids('started')).toHaveLength(runs);
  });

  it.each([
    ['fails', 'echo no session >&2; exit 3', 'credential plug-in sh ended with exit code 3: no session'],
    ['prints no JSON', 'echo secret-token', 'credential plug-in sh did not print an ExecCredential'],
    ['prints no status', 'echo {}', 'credential plug-in sh did not print an ExecCredential'],
    ['prints without end', 'yes', 'credential plug-in sh printed more than 1048576 characters'],
  ])('has a clear error if it %s', async (_, script, message) => {
    await expect(sessionsWith(script).current()).rejects.toThrow(message);
  });
});

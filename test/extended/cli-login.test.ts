/**
 * Tokens from the command line, and sign-in of kubectl and Helm with a key pair at a kube-apiserver that trusts the issuer.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { locatePrograms } from '../../tools/go-programs/locate.ts';
import { helmPrograms } from '../../tools/go-programs/program-sets.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { type CommandResult, openShell, type UserShell } from '../support/cli-command.ts';
import type { TestCluster } from '../support/cluster.ts';
import { kubeconfigText } from '../support/kubeconfig.ts';
import { accessKeyManifest, createNamespace, createPair, type Pair, readPair, waitReady } from '../support/platform.ts';
import { startTrustingCluster, type TrustingCluster } from '../support/trusting-cluster.ts';

let trusting: TrustingCluster;
let cluster: TestCluster;
let operator: OperatorProcess;
let shell: UserShell;
let directory: string;
let issuer: string;
let pair: Pair;
let pairDirectory: string;
let kubeconfig: string;
let cache: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cli-login-'));
  trusting = await startTrustingCluster(directory);
  ({ cluster, operator, issuer } = trusting);
  cache = join(directory, 'cache');
  kubeconfig = join(directory, 'kubeconfig');
  const environment = { ACCESSKEY_URL: issuer, KUBECONFIG: kubeconfig, XDG_CACHE_HOME: cache };
  shell = await openShell(directory, environment);
  await prepareUser();
});
afterAll(async () => {
  await trusting?.stop();
});
beforeEach(async () => {
  await rm(cache, { recursive: true, force: true });
  await writeFile(kubeconfig, clusterOnly());
});

async function prepareUser(): Promise<void> {
  const { kubectl } = cluster;
  await createNamespace(kubectl, 'people');
  await createNamespace(kubectl, 'shop');
  const user = { name: 'alice', groups: ['shop-developers'] };
  pair = await createPair(kubectl, accessKeyManifest('people', 'alice', { user, serviceAccounts: ['job'] }));
  await kubectl.run(['create', 'rolebinding', 'dev', '-n', 'shop', '--clusterrole=admin', '--group=shop-developers']);
  pairDirectory = join(directory, 'pair');
  await mkdir(pairDirectory);
  await writePair(pair);
  // The API server reads the keys of the issuer once it is reachable.
  await writeFile(kubeconfig, clusterOnly());
  expect(await login()).toMatchObject({ exitCode: 0 });
  await poll(
    'the API server to trust the issuer',
    async () => (await kubectlAs(['auth', 'whoami'])).exitCode === 0,
    90_000,
  );
}

async function writePair({ ak, sk }: Pair): Promise<void> {
  await writeFile(join(pairDirectory, 'ak'), `${ak}\n`);
  await writeFile(join(pairDirectory, 'sk'), `${sk}\n`, { mode: 0o600 });
}

/** A kubeconfig with a cluster, but without a user. */
const clusterOnly = () => `# written by the platform team\n${kubeconfigText(cluster.controlPlane)}`;

const ca = () => ['--ca-file', join(directory, 'ca.pem')];
const fromFiles = () => ['--pair-directory', pairDirectory, ...ca()];
const login = (...args: string[]) => shell.accesskey(['login', ...fromFiles(), ...args]);
const token = (...args: string[]) => shell.accesskey(['token', ...fromFiles(), ...args]);
const kubectlAs = (args: readonly string[]): Promise<CommandResult> =>
  shell.run(cluster.controlPlane.kubectl, ['--context', 'accesskey@prod', ...args]);

/** How many tokens the operator has issued for a key pair. */
function issued(ak: string): number {
  return operator.output.filter((line) => line.includes('"token.issued"') && line.includes(ak)).length;
}

async function cachedFile(): Promise<string> {
  const folder = join(cache, 'kubectl-accesskey');
  const [name = ''] = (await readdir(folder)).filter((one) => one.endsWith('.json'));
  return join(folder, name);
}

describe('kubectl accesskey login', () => {
  test('lets kubectl sign in with a key pair, and RBAC decides', async () => {
    const result = await login();
    expect(result).toMatchObject({ exitCode: 0, stdout: 'User "accesskey" set.\nContext "accesskey@prod" set.\n' });
    expect(result.stderr).toContain('The token server accepts the credential of alice.');
    expect(result.stderr).not.toContain('warning');
    expect((await kubectlAs(['get', 'deployments', '-n', 'shop'])).exitCode).toBe(0);
    expect((await kubectlAs(['get', 'deployments', '-n', 'people'])).stderr).toContain('User "alice" cannot list');
  });

  test('keeps the rest of the kubeconfig, and no secret key in it', async () => {
    await login('--use-context', '--user', 'ci', '-n', 'shop');
    const text = await readFile(kubeconfig, 'utf8');
    expect(text).toContain('# written by the platform team');
    expect(text).not.toContain(pair.sk);
    expect((await stat(kubeconfig)).mode & 0o777).toBe(0o600);
    expect(parse(text)).toMatchObject({
      'current-context': 'ci@prod',
      contexts: [{ name: 'nobody' }, { name: 'ci@prod', context: { cluster: 'prod', user: 'ci', namespace: 'shop' } }],
    });
    const result = await shell.run(cluster.controlPlane.kubectl, ['get', 'deployments']);
    expect(result.stderr).toBe('No resources found in shop namespace.\n');
  });

  test('lets Helm sign in', async () => {
    await login();
    const chart = join(directory, 'chart');
    await mkdir(join(chart, 'templates'), { recursive: true });
    await writeFile(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: settings\nversion: 1.0.0\n');
    const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' } };
    await writeFile(join(chart, 'templates', 'settings.yaml'), stringify(configMap));
    const { helm } = await locatePrograms(helmPrograms);
    const args = ['--kube-context', 'accesskey@prod', '-n', 'shop'];
    expect(await shell.run(helm, ['install', 'settings', chart, ...args])).toMatchObject({ exitCode: 0 });
    expect((await shell.run(helm, ['list', '-q', ...args])).stdout).toBe('settings\n');
    expect((await shell.run(helm, ['list', '--kube-context', 'accesskey@prod', '-n', 'people'])).stderr).toContain(
      'forbidden',
    );
  });

  test('stores the secret key in the kubeconfig only on request', async () => {
    const { stderr } = await shell.accesskey(['login', '--access-key', pair.ak, '--secret-key-file', '-', ...ca()], {
      input: pair.sk,
    });
    expect(stderr).toContain('error: a credential from standard input must be stored for later commands\nhint: ');
    const args = ['login', '--access-key', pair.ak, '--secret-key-file', '-', ...ca(), '--store', 'kubeconfig'];
    expect(await shell.accesskey(args, { input: pair.sk })).toMatchObject({ exitCode: 0 });
    const { users } = parse(await readFile(kubeconfig, 'utf8'));
    expect(users[0].user.exec.args.join()).not.toContain(pair.sk);
    expect((await kubectlAs(['auth', 'whoami'])).stdout).toContain('alice');
  });

  test.each([
    ['users: [', 'is not YAML, see line'],
    ['users: [{name: accesskey, user: {token: x}}]\n', 'the user accesskey has other credentials'],
  ])('does not change the kubeconfig %j', async (text, message) => {
    await writeFile(kubeconfig, text);
    const { exitCode, stderr } = await login();
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`error: kubeconfig ${kubeconfig}: `);
    expect(stderr).toContain(message);
    expect(await readFile(kubeconfig, 'utf8')).toBe(text);
  });

  test('does not change the kubeconfig if the key pair is wrong', async () => {
    const wrong = ['login', '--access-key', pair.ak, '--secret-key-file', '-', '--store', 'kubeconfig', ...ca()];
    const { exitCode, stderr } = await shell.accesskey(wrong, { input: crypto.randomUUID() });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /^error: https:\S+ rejects the key pair \(401\): .*\nhint: The key pair may have been rotated/,
    );
    expect(await readFile(kubeconfig, 'utf8')).toBe(clusterOnly());
  });
});

describe('the token cache', () => {
  test('requests one token for parallel commands of kubectl', async () => {
    const start = issued(pair.ak);
    await login();
    const before = await poll('the audit record of login', async () => issued(pair.ak) > start && issued(pair.ak));
    const results = await Promise.all(Array.from({ length: 10 }, () => kubectlAs(['auth', 'whoami'])));
    expect(results.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
      results.map(() => ({ exitCode: 0, stderr: '' })),
    );
    // The record of a later request shows that no other is missing.
    await token('--refresh');
    await poll('the last audit record', async () => issued(pair.ak) >= before + 2);
    expect(issued(pair.ak)).toBe(before + 2);
  });

  test('replaces an expired or damaged token', async () => {
    const first = (await token()).stdout;
    expect((await token()).stdout).toBe(first);
    const file = await cachedFile();
    const entry = JSON.parse(await readFile(file, 'utf8'));
    for (const damaged of [JSON.stringify({ ...entry, expiresAt: Date.now() - 1 }), '{"version":1']) {
      await writeFile(file, damaged);
      expect(await token()).toMatchObject({ exitCode: 0, stderr: '' });
      expect(await readFile(file, 'utf8')).toContain('"version":1,"token"');
    }
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('is optional: a directory that cannot be written only causes a warning', async () => {
    await writeFile(cache, 'a file instead of the directory');
    const { exitCode, stdout, stderr } = await token();
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: expect.stringMatching(/^warning: the token is not cached: ENOTDIR.*\n$/),
    });
    expect(stdout.split('.')).toHaveLength(3);
  });

  test('does not hide that the server is unavailable: one line says what failed', async () => {
    const unavailable = { env: { ACCESSKEY_URL: 'https://127.0.0.1:1' } };
    const { exitCode, stdout, stderr } = await shell.accesskey(['credential', ...fromFiles()], unavailable);
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'error: cannot reach https://127.0.0.1:1: connection refused\n',
    });
  });

  test('lets kubectl report a failed plugin', async () => {
    await login('--server', 'https://127.0.0.1:1', '--skip-check');
    const { exitCode, stderr } = await kubectlAs(['get', 'pods']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('error: cannot reach https://127.0.0.1:1: connection refused');
  });
});

describe('kubectl accesskey token', () => {
  test('prints the token of a Secret with the permissions of the user', async () => {
    await writeFile(kubeconfig, await readFile(cluster.controlPlane.kubeconfig, 'utf8'));
    const run = (...args: string[]) => shell.accesskey(['token', 'alice', '-n', 'people', ...ca(), ...args]);
    const { exitCode, stdout } = await run('-o', 'json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ token_type: 'Bearer', access_token: expect.any(String) });
    expect((await run('--as', 'bob')).stderr).toMatch(/^Error from server \(Forbidden\): .*User "bob" cannot get/);
    const missing = await shell.accesskey(['token', 'alice/ci', '-n', 'people', ...ca()]);
    expect(missing.stderr).toBe('error: key pair "ci" of AccessKey "alice" not found: it has main\n');
  });

  test('runs as a plugin of kubectl, and asks for a validity in days', async () => {
    const args = ['accesskey', 'token', ...fromFiles(), '--lifetime', '48h', '-o', 'json'];
    const { stdout } = await shell.run(cluster.controlPlane.kubectl, args);
    expect(JSON.parse(stdout).expires_in).toBeGreaterThan(47 * 3600);
    expect(JSON.parse(stdout).expires_in).toBeLessThanOrEqual(48 * 3600);
  });

  test('exchanges the token of a ServiceAccount', async () => {
    const { kubectl } = cluster;
    await kubectl.run(['create', 'serviceaccount', 'job', '-n', 'people']);
    const input = await kubectl.run(['create', 'token', 'job', '-n', 'people', `--audience=${issuer}`]);
    const run = (text: string) => shell.accesskey(['token', '--subject-token-file', '-', ...ca()], { input: text });
    const exchanged = await run(input);
    expect(exchanged).toMatchObject({ exitCode: 0, stderr: '' });
    const inspected = await shell.accesskey(['token', 'inspect', ...ca()], { input: exchanged.stdout });
    expect(inspected.stdout).toContain('client:     system:serviceaccount:people:job');
  });

  test('refuses plain http and an unknown audience', async () => {
    const { stderr } = await token('--server', 'http://10.0.0.1');
    expect(stderr).toMatch(/^error: --server: http:\/\/10\.0\.0\.1 does not use https\nhint: /);
    expect((await token('--audience', 'other')).stderr).toMatch(/rejects the request \(400\): resource and audience/);
  });

  test('explains an unknown certificate authority', async () => {
    const { exitCode, stderr } = await shell.accesskey(['token', '--pair-directory', pairDirectory]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('its certificate is self-signed\nhint: Name the certificate authority with --ca-file.');
  });
});

describe('kubectl accesskey token inspect', () => {
  test('verifies with the published keys, by the server or the issuer in the token', async () => {
    const { stdout: valid } = await token();
    const byServer = await shell.accesskey(['token', 'inspect', ...ca()], { input: valid });
    expect(byServer).toMatchObject({ exitCode: 0, stderr: '' });
    expect(byServer.stdout).toMatch(/^valid, verified with the keys at https:\S+\nissuer: /);
    const byToken = await shell.accesskey(['token', 'inspect', valid.trim(), ...ca()], {
      env: { ACCESSKEY_URL: undefined },
    });
    expect(byToken.stdout).toContain('warning: only the token itself names this issuer');
  });

  test('explains an invalid token, and exits with 1', async () => {
    const [header, payload, signature = ''] = (await token()).stdout.trim().split('.');
    const changed = `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    const options = ['--audience', 'shop', '--issuer', issuer, '-o', 'json', ...ca()];
    const { exitCode, stdout } = await shell.accesskey(['token', 'inspect', ...options], { input: changed });
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      valid: false,
      problems: [expect.stringContaining('its signature is wrong'), 'its audience is "kubernetes", not "shop"'],
    });
  });
});

// Last, because it replaces the key pair.
describe('a rotation between two commands', () => {
  const rotate = async (revision: number, overlap?: string) => {
    const keyPairs = [{ name: 'main', revision, ...(overlap && { rotation: { overlap } }) }];
    const patch = JSON.stringify({ spec: { keyPairs } });
    await cluster.kubectl.run(['patch', 'accesskey', 'alice', '-n', 'people', '--type=merge', '-p', patch]);
    const before = pair;
    pair = await poll('the next key pair', async () => {
      await waitReady(cluster.kubectl, 'people', 'alice');
      const next = await readPair(cluster.kubectl, 'people', 'alice-main');
      return next.ak !== before.ak && next;
    });
  };

  test('needs no change during the overlap', async () => {
    await rotate(2, '1h');
    expect(await token('--refresh')).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('without overlap, the old pair is rejected with what to do, and new files are followed', async () => {
    await writePair(pair);
    await rotate(3);
    const rejected = await poll('the old pair to be rejected', async () => {
      const result = await token('--refresh');
      return result.exitCode !== 0 && result;
    });
    expect(rejected.stderr).toMatch(
      /rejects the key pair \(401\)[^\n]*\nhint: [^\n]*read the new key pair from its Secret/,
    );
    await writePair(pair);
    expect(await token()).toMatchObject({ exitCode: 0, stderr: '' });
    await login();
    expect((await kubectlAs(['auth', 'whoami'])).stdout).toContain('alice');
  });
});

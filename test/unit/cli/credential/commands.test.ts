/** The commands with the real HTTP app and an injected clock, without a cluster. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { runCli } from '../../../../src/cli/program.ts';
import { now } from '../../../support/builders.ts';
import { ak, createPlatform, sk } from '../../http/support.ts';
import { testContext } from '../support.ts';

const day = 86_400_000;
let directory: string;
let server: Server;
let url: string;
let kubeconfig: string;
let time: number;
beforeEach(async () => {
  time = now;
  directory = await mkdtemp(join(tmpdir(), 'cli-commands-'));
  kubeconfig = join(directory, 'config');
  const { app } = await createPlatform();
  server = createAdaptorServer({ fetch: app.fetch }) as Server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.close();
  await rm(directory, { recursive: true });
});

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const pair = { ACCESS_KEY: ak, SECRET_KEY: sk, ACCESSKEY_URL: url };
  const files = { XDG_CACHE_HOME: directory, KUBECONFIG: kubeconfig };
  const context = testContext({ env: { ...pair, ...files, ...env }, now: time });
  const exitCode = await runCli(args, context);
  return { exitCode, out: context.out(), err: context.err() };
}

const stop = () => new Promise((resolve) => server.close(resolve));

describe('token', () => {
  it('prints only the token, the cached one again', async () => {
    const first = await run(['token']);
    expect(first).toMatchObject({ exitCode: 0, err: '' });
    expect(first.out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(await run(['token'])).toEqual(first);
  });

  it('prints a token response with the remaining seconds', async () => {
    await run(['token', '--lifetime', '2d']);
    time += 60_000;
    const { out } = await run(['token', '--lifetime', '2d', '-o', 'json']);
    expect(JSON.parse(out)).toMatchObject({ token_type: 'Bearer', expires_in: 2 * 86_400 - 60 });
  });

  it('uses the cached token with a warning while the server is unavailable', async () => {
    const { out } = await run(['token']);
    await stop();
    time += 2 * 3_600_000;
    const result = await run(['token']);
    expect(result).toMatchObject({ exitCode: 0, out });
    expect(result.err).toMatch(/^warning: cannot reach http:\S+: connection refused; the cached token is used until/);
    time += 4 * day;
    expect(await run(['token'])).toMatchObject({
      exitCode: 1,
      out: '',
      err: `error: cannot reach ${url}: connection refused\n`,
    });
  });

  it('rejects a wrong secret key with what to do', async () => {
    const { exitCode, out, err } = await run(['token'], { SECRET_KEY: crypto.randomUUID() });
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' });
    expect(err).toMatch(
      /^error: http:\S+ rejects the key pair \(401\): [^\n]+\nhint: The key pair may have been rotated/,
    );
  });

  it.each([
    [{ ACCESSKEY_URL: '' }, 'error: no token server: set --server or ACCESSKEY_URL\nhint: '],
    [
      { ACCESS_KEY: '', SECRET_KEY: '' },
      'error: no credential: name a key pair or a token to exchange\nhint: Use PAIR, ',
    ],
    [{ SECRET_KEY: 'hunter2' }, 'error: the environment: not a key pair'],
  ])('explains the environment %o', async (env, message) => {
    const { exitCode, err } = await run(['token'], env);
    expect(exitCode).toBe(1);
    expect(err).toContain(message);
    expect(err).not.toContain('hunter2');
  });
});

it.each([
  ['token', ''],
  ['token', 'a/b/c'],
  ['login', '', '--store', 'kubeconfig'],
  ['login', 'ann/', '--store', 'kubeconfig'],
])('rejects what names no key pair: %s %j', async (...args) => {
  const { exitCode, out, err } = await run(args);
  expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' });
  expect(err).toMatch(/^error: invalid (name|key pair) "/);
});

describe('token inspect', () => {
  it('verifies a token with the keys of the server, and later explains that it expired', async () => {
    const token = (await run(['token'])).out.trim();
    expect(await run(['token', 'inspect', token])).toMatchObject({
      exitCode: 0,
      out: expect.stringMatching(/^valid, verified with the keys at http:\S+jwks.json\nissuer: /),
    });
    time += 5 * day;
    const { exitCode, out, err } = await run(['token', 'inspect', token, '-o', 'json']);
    expect({ exitCode, err }).toEqual({ exitCode: 1, err: '' });
    expect(JSON.parse(out)).toMatchObject({
      valid: false,
      problems: [expect.stringMatching(/^it expired 2d ago, at /)],
    });
  });
});

describe('credential', () => {
  const info = (apiVersion: string) => ({
    KUBERNETES_EXEC_INFO: JSON.stringify({ kind: 'ExecCredential', apiVersion }),
  });

  it('prints an ExecCredential with the expiry', async () => {
    const { exitCode, out } = await run(['credential'], info('client.authentication.k8s.io/v1'));
    expect(exitCode).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      apiVersion: 'client.authentication.k8s.io/v1',
      status: { expirationTimestamp: new Date(now + 3 * day).toISOString().replace('.000', '') },
    });
  });

  it('rejects another version of the protocol', async () => {
    const { exitCode, out, err } = await run(['credential'], info('client.authentication.k8s.io/v1beta1'));
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' });
    expect(err).toContain('error: KUBERNETES_EXEC_INFO: version client.authentication.k8s.io/v1beta1 is not supported');
  });

  it('names no argument that it does not have', async () => {
    const { exitCode, err } = await run(['credential'], { ACCESS_KEY: '', SECRET_KEY: '' });
    expect(exitCode).toBe(1);
    expect(err).toMatch(/^error: no credential: .*\nhint: Use --pair-directory, /);
    expect((await run(['credential', '--help'])).out).not.toContain('PAIR and');
  });
});

describe('login', () => {
  const existing = `current-context: a
clusters: [{name: prod, cluster: {server: "https://10.0.0.1"}}]
contexts: [{name: a, context: {cluster: prod, user: a}}]
users: [{name: a, user: {token: x}}]
`;

  it('writes a user and a context, and token then finds the server', async () => {
    await writeFile(kubeconfig, existing);
    const { exitCode, out, err } = await run(['login', '--use-context', '--context', '']);
    expect({ exitCode, out }).toEqual({
      exitCode: 0,
      out: 'User "accesskey" set.\nContext "accesskey@prod" set.\nSwitched to context "accesskey@prod".\n',
    });
    expect(err).toContain('The token server accepts the credential of ann.\n');
    expect(err).toContain('warning: kube-apiserver requires an issuer with https');
    const text = await readFile(kubeconfig, 'utf8');
    expect(text).not.toContain(sk);
    expect(err).toContain('warning: clients need ACCESS_KEY and SECRET_KEY in their environment; --store keeps them\n');
    expect(parse(text).users[1].user.exec.args).toEqual(['credential', `--server=${url}`]);
    expect(await run(['token'], { ACCESSKEY_URL: '' })).toMatchObject({ exitCode: 0, err: '' });
  });

  it('prints no control character of a name in the kubeconfig', async () => {
    const hostile = 'prod\u001b]0;owned\u0007\u001b[2J';
    const clusters = [{ name: hostile, cluster: { server: 'https://10.0.0.1' } }];
    const contexts = [{ name: 'a', context: { cluster: hostile, user: 'a' } }];
    await writeFile(kubeconfig, JSON.stringify({ 'current-context': 'a', clusters, contexts }));
    const { exitCode, out, err } = await run(['login', '--use-context']);
    expect({ exitCode, out }).toMatchObject({ exitCode: 0, out: expect.stringContaining('@prod?]0;owned??[2J"') });
    expect(err).toContain('Use it: kubectl --context accesskey@prod?');
    expect((out + err).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  it('writes only a user if there is no cluster', async () => {
    const { exitCode, err } = await run(['login']);
    expect(exitCode).toBe(0);
    expect(err).toContain('The kubeconfig has no cluster, so no context was created.');
    expect((await run(['login', '--use-context'])).err).toContain(
      'error: the kubeconfig has no cluster for the context',
    );
  });

  it('rejects a cluster that the kubeconfig does not have', async () => {
    await writeFile(kubeconfig, existing);
    expect(await run(['login', '--cluster', 'prdo'])).toEqual({
      exitCode: 1,
      out: '',
      err:
        'error: --cluster: the kubeconfig has no cluster prdo\n' +
        'hint: kubectl config get-clusters lists the clusters.\n',
    });
    expect((await run(['login', '--cluster', 'prod'])).exitCode).toBe(0);
  });

  it('does not open the keyring if the kubeconfig has another user with the name', async () => {
    await writeFile(kubeconfig, existing);
    const { exitCode, err } = await run(['login', '--user', 'a', '--store', 'keyring']);
    expect(exitCode).toBe(1);
    expect(err).toContain(`error: kubeconfig ${kubeconfig}: the user a has other credentials\n`);
  });

  it('changes nothing if the credential is rejected', async () => {
    await writeFile(kubeconfig, existing);
    expect((await run(['login'], { SECRET_KEY: crypto.randomUUID() })).exitCode).toBe(1);
    expect(await readFile(kubeconfig, 'utf8')).toBe(existing);
  });
});

/** Secret keys in a real keyring: GNOME Keyring on a session bus of its own. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installKeyring } from '../../tools/debian/test-programs.ts';
import { openShell, type UserShell } from '../support/cli-command.ts';

const ak = crypto.randomUUID();
const sk = crypto.randomUUID();
const server = 'https://127.0.0.1:1';
let directory: string;
let shell: UserShell;

beforeAll(async () => {
  await installKeyring();
  directory = await mkdtemp(join(tmpdir(), 'cli-keyring-'));
  shell = await openShell(directory, { KUBECONFIG: join(directory, 'kubeconfig') });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const login = `echo "$SK" | kubectl-accesskey login --server ${server} --skip-check --access-key ${ak} --secret-key-file - --store keyring`;
const token = `kubectl-accesskey token --server ${server} --access-key ${ak} --keyring`;

/** Runs a script with an unlocked, empty keyring. */
function withKeyring(script: string) {
  const unlock = 'echo -n password | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1';
  const env = { SK: sk, XDG_DATA_HOME: join(directory, crypto.randomUUID()) };
  return shell.run('dbus-run-session', ['--', 'sh', '-c', `${unlock}; ${script}`], { env });
}

test('login stores the secret key in the keyring, where token finds it', async () => {
  const { stdout, stderr } = await withKeyring(`${login}; ${token}`);
  expect(stdout).toBe('User "accesskey" set.\n');
  // The secret key was read: only the request fails.
  expect(stderr).toContain(`error: cannot reach ${server}: connection refused`);
  const kubeconfig = await readFile(join(directory, 'kubeconfig'), 'utf8');
  expect(kubeconfig).toContain('- --keyring');
  expect(kubeconfig).not.toContain(sk);
});

test('login stores no secret key if the kubeconfig has another user with the name', async () => {
  const kubeconfig = join(directory, 'other');
  await writeFile(kubeconfig, 'users: [{name: accesskey, user: {token: x}}]\n');
  const { stderr } = await withKeyring(`${login} --kubeconfig ${kubeconfig}; ${token}`);
  expect(stderr).toContain('the user accesskey has other credentials');
  expect(stderr).toContain('error: the keyring has no secret key');
});

test('token says how to store a secret key that the keyring lacks', async () => {
  const { exitCode, stderr } = await withKeyring(token);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`error: the keyring has no secret key for the access key ${ak}\nhint: Store it with`);
});

test('a system without a keyring gets an error in one line, and an alternative', async () => {
  const env = { SK: sk, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent' };
  const { exitCode, stderr } = await shell.run('sh', ['-c', login], { env });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^error: the keyring cannot be used: [^\n]+\nhint: Keep the secret key in a file/);
});

/** Processes that are interrupted while they wait. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));

let directory: string;
let server: Server;
let kubeconfig: string;
let environment: Record<string, string>;
let requests: number;

/** A server that never responds. */
beforeEach(async () => {
  requests = 0;
  server = createServer(() => {
    requests += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  directory = await mkdtemp(join(tmpdir(), 'cli-interruption-'));
  kubeconfig = JSON.stringify({
    'current-context': 'c',
    clusters: [{ name: 'c', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    users: [{ name: 'u', user: { token: 'none' } }],
  });
  await writeFile(join(directory, 'config'), kubeconfig);
  await mkdir(join(directory, 'pair'));
  const pair = { ak: crypto.randomUUID(), sk: crypto.randomUUID() };
  for (const [name, value] of Object.entries(pair)) await writeFile(join(directory, 'pair', name), value);
  environment = {
    ...{ PATH: process.env.PATH ?? '', HOME: directory, KUBECONFIG: join(directory, 'config') },
    ...{ ACCESSKEY_URL: url, ACCESS_KEY: pair.ak, SECRET_KEY: pair.sk },
  };
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(directory, { recursive: true });
});

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [main, ...args], { env: environment, cwd: directory });
}

/** Sends a signal. @returns how the command ends, and everything that it has written */
async function interrupt(command: ChildProcess, signal: NodeJS.Signals) {
  command.kill(signal);
  const [out, err, [exitCode]] = await Promise.all([
    command.stdout?.toArray(),
    command.stderr?.toArray(),
    once(command, 'exit'),
  ]);
  return { exitCode, out: String(out), err: String(err) };
}

it.each([
  [['token'], 'SIGINT', 130],
  [['token'], 'SIGTERM', 143],
  [['login'], 'SIGINT', 130],
  [['doctor'], 'SIGINT', 130],
  [['list'], 'SIGTERM', 143],
  [['token', 'inspect', 'e30.e30.'], 'SIGINT', 130],
] as const)('ends %j, which waits for a response, at %s with exit code %d', async (args, signal, exitCode) => {
  const command = start(args);
  await expect.poll(() => requests).toBeGreaterThan(0);
  expect(await interrupt(command, signal)).toEqual({ exitCode, out: '', err: '' });
  expect(await readFile(join(directory, 'config'), 'utf8')).toBe(kubeconfig);
});

it('ends an agent that waits for its first token', async () => {
  const agent = start(['agent', '--once', '--token-file', 'token', '--pair-directory', 'pair']);
  await expect.poll(() => requests).toBe(1);
  expect(await interrupt(agent, 'SIGTERM')).toMatchObject({ exitCode: 143, out: '' });
  expect((await readdir(directory)).sort()).toEqual(['config', 'pair']);
});

it.each([
  [['token', 'inspect']],
  [['token', '--subject-token-file', '-']],
  [['login', '--access-key', crypto.randomUUID(), '--secret-key-file', '-', '--store', 'kubeconfig']],
])('ends %j, which reads standard input', async (args) => {
  const command = start(args);
  // More than a pipe holds, so the command has begun to read.
  command.stdin?.write('a'.repeat(1_000_000));
  await once(command.stdin ?? command, 'drain');
  command.stdin?.on('error', () => undefined);
  expect(await interrupt(command, 'SIGINT')).toEqual({ exitCode: 130, out: '', err: '' });
});

/** The streams and signals of a process, in memory and with real processes. */
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attachTo, type HostProcess } from '../../../src/cli/host.ts';
import { runCli } from '../../../src/cli/program.ts';
import { testContext } from './support.ts';

/** A process whose streams fail when the test says so. */
function fakeHost() {
  const written: string[] = [];
  const stream = () => Object.assign(new EventEmitter(), { write: (text: string) => written.push(text) });
  const [stdout, stderr] = [stream(), stream()];
  const host = Object.assign(new EventEmitter(), { stdout, stderr, exitCode: 0 });
  return { host, stdout, stderr, written, attached: attachTo(host as unknown as HostProcess) };
}

const failure = (code: string) => Object.assign(new Error(code), { code });

/** Runs a command that fails after its signal has aborted. */
function interrupted(signal: AbortSignal): Promise<number> {
  return runCli(['list'], testContext({ signal }));
}

describe('attachTo', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('aborts at %s with exit code %d, and leaves the next signal to the system', async (name, exitCode) => {
    const { host, attached } = fakeHost();
    host.emit(name, name);
    expect(attached.signal.aborted).toBe(true);
    expect(await interrupted(attached.signal)).toBe(exitCode);
    expect([host.listenerCount('SIGINT'), host.listenerCount('SIGTERM')]).toEqual([0, 0]);
  });

  it('ends with 141 if nothing reads the result of a command that is not done', async () => {
    const { stdout, attached, host } = fakeHost();
    stdout.emit('error', failure('EPIPE'));
    expect(await interrupted(attached.signal)).toBe(141);
    expect(host.exitCode).toBe(0);
  });

  it('reports why the result cannot be written', async () => {
    const { stdout, attached, host, written } = fakeHost();
    for (let time = 0; time < 2; time += 1) stdout.emit('error', failure('ENOSPC'));
    expect(await interrupted(attached.signal)).toBe(1);
    expect(host.exitCode).toBe(1);
    expect(written).toEqual(['error: cannot write the result: ENOSPC\n']);
  });

  it('ignores that nothing reads the messages', () => {
    const { stderr, attached } = fakeHost();
    stderr.emit('error', failure('EPIPE'));
    expect(attached.signal.aborted).toBe(false);
  });

  it('writes no result after the signal', () => {
    const { host, attached, written } = fakeHost();
    host.emit('SIGINT', 'SIGINT');
    expect(() => attached.stdout.write('deleted\n')).toThrow('interrupted by SIGINT');
    attached.stderr.write('message\n');
    expect(written).toEqual(['message\n']);
  });
});

const main = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));

describe('the process', () => {
  let directory: string;
  let server: Server;
  let url: string;
  let requests: number;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cli-host-'));
    requests = 0;
    server = createServer((request, response) => {
      requests += 1;
      request.resume();
      response.end(JSON.stringify({ access_token: `a.b.${requests}`, token_type: 'Bearer', expires_in: 3600 }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.close();
    await rm(directory, { recursive: true });
  });

  const inDirectory = (name: string) => join(directory, name);
  const uuid = (digit: number) => `${digit}0000000-0000-4000-8000-000000000000`;
  const environment = () => ({ PATH: process.env.PATH, HOME: directory, ACCESSKEY_URL: url });
  const start = (args: readonly string[], env = {}) =>
    spawn(process.execPath, [main, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...environment(), ...env },
    });

  it('completes a login although nothing reads its output', async () => {
    const pair = { ACCESS_KEY: uuid(1), SECRET_KEY: uuid(2) };
    const login = start(['login', '--kubeconfig', inDirectory('config')], pair);
    for (const stream of [login.stdout, login.stderr]) stream.destroy();
    expect(await once(login, 'exit')).toEqual([0, null]);
    expect(await readFile(inDirectory('config'), 'utf8')).toContain('name: accesskey');
  });

  it('keeps the token up to date although nothing reads the log of the agent', async () => {
    const writePair = (version: number) =>
      Promise.all([writeFile(inDirectory('ak'), uuid(version)), writeFile(inDirectory('sk'), uuid(version + 5))]);
    await writePair(1);
    const files = ['--token-file', inDirectory('token'), '--ready-file', inDirectory('ready')];
    const agent = start(['agent', '--pair-directory', directory, ...files]);
    await once(agent.stderr, 'data');
    agent.stderr.destroy();
    for (const version of [2, 3]) {
      await writePair(version);
      await expect.poll(() => requests).toBeGreaterThanOrEqual(version);
      await expect.poll(() => readFile(inDirectory('token'), 'utf8')).toBe(`a.b.${requests}`);
    }
    agent.kill();
    expect(await once(agent, 'exit')).toEqual([0, null]);
    expect(await readdir(directory)).not.toContain('ready');
  });

  it('fails if the result cannot be written', async () => {
    const full = await open('/dev/full', 'w');
    const version = spawn(process.execPath, [main, 'version'], { stdio: ['ignore', full.fd, 'pipe'] });
    const [messages, ended] = await Promise.all([version.stderr?.toArray(), once(version, 'exit')]);
    await full.close();
    expect(String(messages)).toBe('error: cannot write the result: ENOSPC\n');
    expect(ended).toEqual([1, null]);
  });
});

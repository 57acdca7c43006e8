/** The program itself, with the credential plug-in of a kubeconfig. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

const main = join(import.meta.dirname, '../../../src/cli/main.ts');
let directory: string;
let server: Server;
/** Credentials of the requests. */
let authorization: (string | undefined)[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cli-plugin-'));
  server = createServer((request, response) => {
    authorization.push(request.headers.authorization);
    response.end(JSON.stringify({ metadata: { resourceVersion: '9' }, items: [] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server.close();
  await rm(directory, { recursive: true });
});

/** Prints a credential with the token in the variable `token`. */
const printsToken = 'printf \'{"kind":"ExecCredential","status":{"token":"%s"}}\' "$token"';

/** @returns the arguments of a command with a kubeconfig whose plug-in is a shell script */
async function listWith(script: string, exec: object = {}): Promise<string[]> {
  const plugin = { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', script], ...exec };
  const { port } = server.address() as AddressInfo;
  const kubeconfig = {
    'current-context': 'c',
    clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    users: [{ name: 'u', user: { exec: plugin } }],
  };
  const file = join(directory, 'kubeconfig');
  await writeFile(file, JSON.stringify(kubeconfig));
  authorization = [];
  return [process.execPath, main, 'list', '--kubeconfig', file];
}

/** Runs a program whose standard input stays open. */
async function run([program = '', ...args]: readonly string[], input = '') {
  const child: ChildProcess = spawn(program, args);
  onTestFinished(() => void child.kill('SIGKILL'));
  const result = { code: null as number | null, out: '', err: '' };
  child.stdout?.on('data', (text: Buffer) => {
    const wasAsked = result.out.includes('Password:');
    result.out += text;
    if (!wasAsked && result.out.includes('Password:')) child.stdin?.write(input);
  });
  child.stderr?.on('data', (text: Buffer) => {
    result.err += text;
  });
  [result.code] = (await once(child, 'close')) as [number | null];
  return result;
}

describe('a credential plug-in', () => {
  it('shows its messages, and has no input without a terminal', async () => {
    const command = await listWith(`echo "open the page" >&2; cat >&2; token=abc; ${printsToken}`);
    expect(await run(command)).toEqual({
      code: 0,
      out: '',
      err: 'open the page\nNo access keys found in default namespace.\n',
    });
    expect(authorization).toEqual(['Bearer abc']);
  });

  it('reads from the terminal', async () => {
    const command = await listWith(`printf Password: >&2; read -r token; ${printsToken}`);
    const quoted = command.map((word) => `'${word}'`).join(' ');
    expect(await run(['script', '-qec', quoted, '/dev/null'], 'hunter2\n')).toMatchObject({ code: 0 });
    expect(authorization).toEqual(['Bearer hunter2']);
  });

  it('fails if it requires a terminal that is not there', async () => {
    const command = await listWith(printsToken, { interactiveMode: 'Always' });
    const { code, err } = await run(command);
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringContaining('credential plug-in sh requires input, and standard input is not a terminal\n'),
    });
  });

  it('that is not installed is named, with the hint of the kubeconfig', async () => {
    const command = await listWith('', { command: 'no-such-program', installHint: 'Install it\nfrom example.org.' });
    expect(await run(command)).toEqual({
      code: 1,
      out: '',
      err:
        'error: the kubeconfig gets credentials with no-such-program, which is not found\n' +
        'hint: Install it\nfrom example.org.\n' +
        'hint: add its directory to PATH, or choose another context with --context\n',
    });
  });
});

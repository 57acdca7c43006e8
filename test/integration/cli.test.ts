/** kubectl-accesskey, bundled as for users, with a real operator: as a kubectl plugin, its changes, and its errors. */
import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { bundleCli, programName } from '../../tools/bundle/cli.ts';
import type { Kubectl } from '../../tools/kubectl.ts';
import { type CliProcess, startCli } from '../support/cli-process.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { accessKeyManifest, createNamespace, getToken, readPair, recordUse, waitReady } from '../support/platform.ts';
import { shiftedClock } from '../support/shifted-clock.ts';

const root = join(import.meta.dirname, '../..');

let cluster: TestCluster;
let kubectl: Kubectl;
let url: string;
let bin: string;

interface Result {
  code: number | null;
  out: string;
  err: string;
}

interface RunOptions {
  program?: string;
  env?: Record<string, string>;
}

/** Runs the program, or another one that finds it on the PATH, without waiting for a terminal. */
function run(args: readonly string[], { program = programName, env = {} }: RunOptions = {}): Promise<Result> {
  const path = [bin, join(root, 'node_modules/.bin'), process.env.PATH].join(':');
  const variables = { HOME: cluster.directory, KUBECONFIG: kubectl.kubeconfig, PATH: path, ...env };
  const child = spawn(program === programName ? join(bin, programName) : program, args, { env: variables });
  const result: Result = { code: null, out: '', err: '' };
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  child.stdout.on('data', (text: Buffer) => {
    result.out += text;
  });
  child.stderr.on('data', (text: Buffer) => {
    result.err += text;
  });
  child.on('error', reject);
  child.on('close', (code) => resolve({ ...result, code }));
  return promise;
}

/** @returns the output of a command that succeeds */
async function succeed(...args: string[]): Promise<string> {
  const { code, out, err } = await run(args);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out;
}

/** @returns the environment of a program whose clock is behind */
function behind(seconds: number): Record<string, string> {
  const { options, shift } = shiftedClock(join(cluster.directory, 'cli-clock'));
  shift(-seconds);
  return { ...options.environment, NODE_OPTIONS: (options.nodeArguments ?? []).join(' ') };
}

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  ({ url } = await cluster.startOperator());
  bin = join(cluster.directory, 'bin');
  await mkdir(bin);
  await bundleCli(root, bin);
  await createNamespace(kubectl, 'people');
});
afterAll(() => cluster?.stop());

describe('a key pair', () => {
  test('is created with its ak and sk, which get a token', async () => {
    const flags = ['-n', 'people', '--user', 'ann', '--expires', '90d', '--show-secret'];
    const { code, out, err } = await run(['create', 'ann', ...flags]);
    expect({ code, err }).toEqual({ code: 0, err: 'accesskey.ghippo.io/ann created\n' });
    const [, ak = '', sk = ''] = /^ACCESS_KEY=(\S+)\nSECRET_KEY=(\S+)\n$/.exec(out) ?? [];
    expect(await readPair(kubectl, 'people', 'ann-main')).toMatchObject({ ak, sk });
    expect(await getToken(url, { ak, sk })).not.toBe('');
    expect(await succeed('get', 'ann', '-n', 'people', '--show-secret')).toBe(`ACCESS_KEY=${ak}\nSECRET_KEY=${sk}\n`);
  });

  test('is listed with its state, and described in words', async () => {
    const [header, row] = (await succeed('list', '-n', 'people')).split('\n');
    expect(header).toMatch(/^NAME +USER +STATE +EXPIRES +LAST USED +AGE$/);
    expect(row).toMatch(/^ann\/main +ann +Active +in 89d /);
    expect(await succeed('list', '-A', '-o', 'name')).toBe('accesskey.ghippo.io/ann\n');
    expect(await succeed('get', 'ann', '-n', 'people')).toContain('\nReady: key pairs: main Active');
  });

  test('is listed by get without a name', async () => {
    expect(await succeed('get', '-A')).toMatch(/^NAMESPACE .*\npeople +ann\/main +ann +Active /);
    expect(await succeed('get', '-n', 'people', '-o', 'name', '--request-timeout=0')).toBe('accesskey.ghippo.io/ann\n');
  });

  test('of a user who has another AccessKey fails if the command waits, and says why', async () => {
    const claimed = 'user ann was already held by AccessKey people/ann; delete one of the two AccessKeys (UserClaimed)';
    expect(await run(['create', 'again', '-n', 'people', '--user', 'ann', '--wait'])).toEqual({
      code: 1,
      out: 'accesskey.ghippo.io/again created\n',
      err:
        `error: key pair again/main is not ready: ${claimed}\n` +
        'hint: the change is stored; kubectl accesskey get again/main shows its state\n',
    });
    expect(await run(['get', 'again', '-n', 'people', '--show-secret'])).toEqual({
      code: 1,
      out: '',
      err: `error: key pair again/main has no Secret: ${claimed}\n`,
    });
    await succeed('delete', 'again', '-n', 'people');
  });

  test('is rotated, and the command waits for the new one', async () => {
    const before = await readPair(kubectl, 'people', 'ann-main');
    expect(await run(['rotate', 'ann', '-n', 'people', '--overlap', '1h', '--wait'])).toEqual({
      code: 0,
      out: 'key pair ann/main rotated\n',
      err: 'key pair ann/main will be rotated\n',
    });
    const after = await readPair(kubectl, 'people', 'ann-main');
    expect(after.ak).not.toBe(before.ak);
    await getToken(url, before);
  });

  test('is not disabled while it is in use, unless asked to', async () => {
    await recordUse(kubectl, 'people', 'ann');
    expect(await run(['disable', 'ann', '-n', 'people'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^error: key pair ann\/main is in use: it was used \d+s ago/),
    });
    expect(await succeed('disable', 'ann', '-n', 'people', '--in-use')).toBe('key pair ann/main disabled\n');
    expect(await succeed('enable', 'ann', '-n', 'people')).toBe('key pair ann/main enabled\n');
  });

  test('has its tokens revoked at the time of the API server, whatever the local time is', async () => {
    const revokedAt = async () => {
      const { spec } = await kubectl.get<{ spec: { keyPairs: { tokensNotBefore: string }[] } }>(...annotated);
      return Date.parse(spec.keyPairs[0]?.tokensNotBefore ?? '');
    };
    const annotated = ['accesskey', 'ann', '-n', 'people'] as const;
    expect(await succeed('revoke-tokens', 'ann', '-n', 'people')).toBe('tokens of key pair ann/main revoked\n');
    const before = await revokedAt();
    const { code, err } = await run(['revoke-tokens', 'ann', '-n', 'people'], { env: behind(600) });
    expect([code, err]).toEqual([0, expect.stringContaining('behind that of the API server')]);
    expect(await revokedAt()).toBeGreaterThan(before);
  });

  test('is not changed by a dry run', async () => {
    const before = await kubectl.get('accesskey', 'ann', '-n', 'people');
    expect(await succeed('revoke-tokens', 'ann', '-n', 'people', '--dry-run=server')).toMatch(/ \(server dry run\)\n$/);
    // The operator may have recorded that the previous pair was used.
    const rotate = ['rotate', 'ann', '-n', 'people', '--in-use'];
    expect(await succeed(...rotate, '--dry-run=client', '-o', 'json')).toContain('"revision": 3');
    expect(await succeed('delete', 'ann', '-n', 'people', '--in-use', '--dry-run=server')).toContain('deleted (server');
    const after = await kubectl.get<typeof before>('accesskey', 'ann', '-n', 'people');
    expect(after).toMatchObject({ spec: (before as { spec: object }).spec });
  });

  test('of a client dry run is a manifest that kubectl accepts', async () => {
    const manifest = await succeed(
      'create',
      'bob',
      '-n',
      'people',
      '--rotate-every',
      '30d',
      '--dry-run=client',
      '-o',
      'yaml',
    );
    expect(await kubectl.run(['create', '--dry-run=server', '-f', '-'], manifest)).toContain('bob created');
  });

  test('is deleted, alone or with its AccessKey', async () => {
    expect(await run(['create', 'bob/a', '-n', 'people', '--user', 'bob'])).toEqual({
      code: 0,
      out: 'accesskey.ghippo.io/bob created\n',
      err: 'hint: kubectl accesskey get bob/a -n people --show-secret prints ak and sk\n',
    });
    expect(await run(['create', 'bob/b', '-n', 'people'])).toMatchObject({ code: 0, out: 'key pair bob/b created\n' });
    expect(await succeed('delete', 'bob/a', '-n', 'people')).toBe('key pair bob/a deleted\n');
    expect(await succeed('delete', 'bob', '-n', 'people')).toBe('accesskey.ghippo.io/bob deleted\n');
    expect(await run(['get', 'bob', '-n', 'people'])).toEqual({
      code: 1,
      out: '',
      err: 'Error from server (NotFound): accesskeys.ghippo.io "bob" not found\n',
    });
  });
});

describe('field managers', () => {
  test('a field that a GitOps tool applies is not changed, unless asked to', async () => {
    const manifest = JSON.stringify(
      accessKeyManifest('people', 'git', { keyPairs: [{ name: 'main', enabled: true }] }),
    );
    const apply = ['apply', '--server-side', '--field-manager=argocd-controller', '-f', '-'];
    await kubectl.run(apply, manifest);
    await waitReady(kubectl, 'people', 'git');
    const { code, err } = await run(['disable', 'git', '-n', 'people']);
    expect(code).toBe(1);
    expect(err).toMatch(
      /^error: cannot disable key pair git\/main: conflict with field manager "argocd-controller" \(Argo CD\)/,
    );
    expect(err).toContain('--force-conflicts');
    await succeed('disable', 'git', '-n', 'people', '--force-conflicts');
    await expect(kubectl.run(apply, manifest)).rejects.toThrow('conflict with "kubectl-accesskey"');
  });
});

describe('as a kubectl plugin', () => {
  test('kubectl finds and runs it', async () => {
    const plugins = await run(['plugin', 'list'], { program: kubectl.path });
    expect(plugins.out).toContain(join(bin, programName));
    const listed = await run(['accesskey', 'list', '-n', 'people', '-o', 'name'], { program: kubectl.path });
    expect(listed).toMatchObject({ code: 0, out: expect.stringContaining('accesskey.ghippo.io/ann\n') });
  });

  test('kubectl completes names of the cluster', async () => {
    const file = join(bin, 'kubectl_complete-accesskey');
    await writeFile(file, await succeed('completion', 'kubectl'), { mode: 0o755 });
    const { out } = await run(['__complete', 'accesskey', 'rotate', '-n', 'people', 'ann/'], { program: kubectl.path });
    expect(out).toContain('ann/main\t');
  });

  test('bash completes names of the cluster', async () => {
    const script = [
      'source <(kubectl-accesskey completion bash)',
      'COMP_WORDS=(kubectl-accesskey get -n people ann); COMP_CWORD=4',
      '_kubectl_accesskey 2>/dev/null',
      `printf '%s\\n' "\${COMPREPLY[@]}"`,
    ].join('\n');
    expect(await run(['-c', script], { program: 'bash' })).toMatchObject({ code: 0, out: 'ann\nann/main\n' });
  });
});

describe('--watch', () => {
  test('prints changes until Ctrl-C', async () => {
    const environment = { KUBECONFIG: kubectl.kubeconfig };
    const watching = await startCli(['list', '-n', 'people', '-w', '-o', 'name'], { environment });
    onTestFinished(async () => void (await watching.stop('SIGKILL')));
    await watching.logged('accesskey.ghippo.io/ann');
    await kubectl.run(['create', '-f', '-'], JSON.stringify(accessKeyManifest('people', 'late', {})));
    await watching.logged('accesskey.ghippo.io/late');
    expect(await watching.stop('SIGINT')).toBe(130);
    expect(watching.output.filter((line) => !line.startsWith('accesskey.ghippo.io/'))).toEqual([]);
  });
});

describe('--watch of an empty namespace', () => {
  beforeAll(() => createNamespace(kubectl, 'empty'));

  /** Starts `list --watch` and waits until it watches. */
  async function watchEmpty(...flags: string[]): Promise<CliProcess> {
    const before = await countWatches();
    const environment = { KUBECONFIG: kubectl.kubeconfig };
    const watching = await startCli(['list', '-n', 'empty', '--watch', ...flags], { environment });
    onTestFinished(async () => void (await watching.stop('SIGKILL')));
    await expect.poll(countWatches).toBeGreaterThan(before);
    return watching;
  }

  async function countWatches(): Promise<number> {
    const text = await kubectl.run(['get', '--raw', '/metrics']);
    const line = /^apiserver_longrunning_requests\{[^}]*resource="accesskeys"[^}]*verb="WATCH"[^}]*\} (\S+)$/gm;
    return [...text.matchAll(line)].reduce((sum, [, value]) => sum + Number(value), 0);
  }

  test('prints the header with the first AccessKey', async () => {
    const watching = await watchEmpty();
    await kubectl.apply(accessKeyManifest('empty', 'first', {}));
    await watching.logged('first/main');
    expect(watching.output[0]).toMatch(/^NAME +USER +STATE /);
  });

  test('prints a stream of YAML documents', async () => {
    const watching = await watchEmpty('-o', 'yaml');
    await kubectl.apply(accessKeyManifest('empty', 'second', {}));
    await watching.logged('name: second');
    const documents = parseAllDocuments(watching.output.join('\n'));
    expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
    expect(documents.slice(0, 2).map((document) => document.toJS().metadata.name)).toEqual(['first', 'second']);
  });
});

describe('an error', () => {
  test('of the API server names the missing permission', async () => {
    const { code, out, err } = await run(['list', '-n', 'people', '--as', 'eve']);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^Error from server \(Forbidden\): .*"eve" cannot list resource "accesskeys"[^\n]*\n$/);
  });

  test('of a rule names field and rule', async () => {
    const { err } = await run(['create', 'x', '-n', 'people', '--rotate-every', '1m']);
    expect(err).toContain(
      'spec.keyPairs[0].rotation.interval: Invalid value: "1m": rotation.interval must be at least 1h',
    );
  });

  test('of the connection is one line', async () => {
    const text = await readFile(kubectl.kubeconfig, 'utf8');
    const unreachable = join(cluster.directory, 'unreachable.kubeconfig');
    await writeFile(unreachable, text.replace(/server: .*/, 'server: https://127.0.0.1:1'));
    const { code, err } = await run(['list', '--kubeconfig', unreachable]);
    expect(code).toBe(1);
    expect(err).toMatch(/^Unable to connect to the server: [^\n]*ECONNREFUSED 127\.0\.0\.1:1\n$/);
  });

  test.each([
    [
      'a missing file',
      ['--kubeconfig', '/nonexistent/file'],
      {},
      /^error: kubeconfig \/nonexistent\/file: ENOENT[^\n]*\n$/,
    ],
    ['no kubeconfig', [], { KUBECONFIG: '' }, /^error: no kubeconfig found; set --kubeconfig or KUBECONFIG\n$/],
    [
      'an unknown context',
      ['--context', 'nowhere'],
      {},
      /^error: kubeconfig [^\n]*: context nowhere does not exist\n$/,
    ],
  ])('of the kubeconfig is one line: %s', async (_, args, env, message) => {
    const { code, err } = await run(['list', ...args], { env });
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(message) });
  });
});

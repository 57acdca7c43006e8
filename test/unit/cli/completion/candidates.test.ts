import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../../../src/cli/common/cluster.ts';
import { complete } from '../../../../src/cli/completion/candidates.ts';
import { positionOf } from '../../../../src/cli/completion/position.ts';
import { scriptFor, shells } from '../../../../src/cli/completion/scripts.ts';
import { createProgram } from '../../../../src/cli/program.ts';
import { testContext } from '../support.ts';

const context = testContext();
const program = createProgram(context);

async function linesOf(...words: string[]): Promise<string[]> {
  return (await complete(context, program, words)).trimEnd().split('\n');
}
const valuesOf = async (...words: string[]) => (await linesOf(...words)).map((line) => line.split('\t')[0]);

describe('complete', () => {
  it('offers commands with their summary', async () => {
    expect(await linesOf('rot')).toEqual(['rotate\treplace ak and sk of a key pair', ':4']);
    expect(await valuesOf('token', 'ins')).toEqual(['inspect', ':4']);
  });

  it('offers commands after help', async () => {
    expect(await valuesOf('help', 'rot')).toEqual(['rotate', ':4']);
  });

  it('offers no hidden command', async () => {
    expect(await valuesOf('__')).toEqual([':4']);
  });

  it('offers the flags of the command and of the program', async () => {
    expect(await valuesOf('list', '--all')).toEqual(['--all-namespaces', ':4']);
    expect(await valuesOf('list', '--kube')).toEqual(['--kubeconfig', ':4']);
  });

  it.each([
    [['list', '-o', 'js'], 'json'],
    [['list', '--output', 'js'], 'json'],
    [['list', '--output=js'], '--output=json'],
    [['list', '--output', '=', 'js'], '--output=json'],
    [['completion', 'z'], 'zsh'],
  ])('offers the values of a flag or argument: %j', async (words, value) => {
    expect(await valuesOf(...words)).toEqual([value, ':4']);
  });

  it('leaves files to the shell', async () => {
    expect(await valuesOf('list', '--kubeconfig', '')).toEqual([':0']);
  });

  it('offers no names without a cluster, and does not fail', async () => {
    expect(await valuesOf('get', 'a')).toEqual([':4']);
  });

  it('offers no name with control characters, and shows none in a description', async () => {
    const items = [accessKey('alice', 'a\u009b2J\nevil'), accessKey('x\n$(touch /tmp/x)', 'bob')];
    const cluster = { client: { list: async () => items }, contexts: [], close: async () => {} } as unknown as Cluster;
    const text = await complete(testContext({ cluster }), program, ['get', '']);
    expect(text.split('\n')).toEqual(['alice\tuser a?2J?evil', ':4', '']);
  });

  it('offers nothing after the last argument', async () => {
    expect(await valuesOf('get', 'a', '')).toEqual([':4']);
  });
});

function accessKey(name: string, user: string) {
  const metadata = { name, namespace: 'people', uid: name, resourceVersion: '1', generation: 1 };
  return { metadata: { ...metadata, creationTimestamp: '2026-01-01T00:00:00Z' }, spec: { user: { name: user } } };
}

describe('positionOf', () => {
  it('collects the flags that select the cluster', () => {
    const { flags, command } = positionOf(program, ['-n', 'people', 'get', '--context=a', '--as', 'bob', '']);
    expect(flags).toEqual({ namespace: 'people', context: 'a', as: 'bob' });
    expect(command.name()).toBe('get');
  });

  it('does not take the value of a flag for a command', () => {
    expect(positionOf(program, ['-n', 'get', 'list', '']).command.name()).toBe('list');
  });
});

describe('scriptFor', () => {
  it.each(shells)('calls the program: %s', (shell) => {
    expect(scriptFor(shell)).toContain('kubectl-accesskey __complete -- ');
  });

  it('quotes names for bash, which inserts them into the command line as they are', () => {
    const name = '$(touch x);a b';
    const program = `kubectl-accesskey() { printf '%s\\t\\n:4\\n' "$NAME"; }`;
    const use = 'COMP_WORDS=(kubectl-accesskey get ""); COMP_CWORD=2; _kubectl_accesskey; printf %s "$COMPREPLY"';
    const script = [scriptFor('bash'), program, use].join('\n');
    const inserted = execFileSync('bash', ['-c', script], { encoding: 'utf8', env: { ...process.env, NAME: name } });
    expect(execFileSync('bash', ['-c', `printf %s ${inserted}`], { encoding: 'utf8' })).toBe(name);
  });
});

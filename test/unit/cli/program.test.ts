import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram, runCli } from '../../../src/cli/program.ts';
import { testContext } from './support.ts';

async function run(...args: string[]) {
  const context = testContext();
  const exitCode = await runCli(args, context);
  return { exitCode, out: context.out(), err: context.err() };
}

/** @returns the path of a command, and a flag with one of its values */
function documentedChoices(command: Command, path: readonly string[] = []): [path: string, flag: string][] {
  const own = command.options.flatMap(({ long, argChoices = [] }) =>
    argChoices.map((choice): [string, string] => [path.join(' '), `${long}=${choice}`]),
  );
  return [...own, ...command.commands.flatMap((child) => documentedChoices(child, [...path, child.name()]))];
}

describe('runCli', () => {
  it('prints the version to stdout', async () => {
    const version = { exitCode: 0, out: '1.2.3\n', err: '' };
    expect(await run('--version')).toEqual(version);
    expect(await run('version')).toEqual(version);
  });

  it('prints help with examples to stdout', async () => {
    const { exitCode, out, err } = await run('list', '--help');
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(out).toContain('Usage: kubectl accesskey list');
    expect(out).toContain('kubectl accesskey list -A -o wide');
  });

  it.each([[[]], [['--context', 'a']]])('prints help to stdout without a command: %j', async (args) => {
    const { exitCode, out, err } = await run(...args);
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(out).toContain('Usage: kubectl accesskey [options] [command]');
  });

  it.each([
    [['help'], 'Usage: kubectl accesskey [options] [command]'],
    [['help', 'describe'], 'Usage: kubectl accesskey get|describe '],
    [['help', 'token', 'inspect'], 'Usage: kubectl accesskey token inspect '],
  ])('prints help for %j', async (args, usage) => {
    const { exitCode, out, err } = await run(...args);
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(out).toContain(usage);
  });

  it.each(['agent', 'completion', 'version'])('does not list the flags of the cluster for %s', async (command) => {
    expect((await run(command, '--help')).out).not.toContain('--kubeconfig');
    expect((await run('list', '--help')).out).toContain('--kubeconfig');
  });

  it.each([
    [['foo'], 'unknown command', 'kubectl accesskey'],
    [['help', 'foo'], "unknown command 'foo'", 'kubectl accesskey'],
    [['help', 'token', 'foo'], "unknown command 'foo'", 'kubectl accesskey token'],
    [['list', '--nothing'], 'unknown option', 'kubectl accesskey list'],
    [['list', 'a'], 'too many arguments', 'kubectl accesskey list'],
    [['list', '-o', 'xml'], 'Allowed choices are table, wide, json, yaml, name.', 'kubectl accesskey list'],
    [['rotate'], 'missing required argument', 'kubectl accesskey rotate'],
    [['create', '--dry-run', 'ann'], "argument 'ann' is invalid. Write --dry-run=MODE. ", 'kubectl accesskey create'],
    [['create', 'ann', '--dry-run='], "argument '' is invalid. Write --dry-run=MODE. ", 'kubectl accesskey create'],
    [['list', '-n', 'a/b'], "argument 'a/b' is invalid. Must be the name of a namespace.", 'kubectl accesskey'],
    [['list', '--namespace=..'], 'Must be the name of a namespace.', 'kubectl accesskey'],
    [['doctor', '--operator-namespace='], 'Must be the name of a namespace.', 'kubectl accesskey doctor'],
    [['token', 'inspect', '--nothing'], 'unknown option', 'kubectl accesskey token inspect'],
    [['token', 'inspect', '-o', 'token'], 'Allowed choices are text, json.', 'kubectl accesskey token inspect'],
    [['token', '-o', 'text'], 'Allowed choices are token, json.', 'kubectl accesskey token'],
  ])('rejects %j with exit code 1, and names the help', async (args, message, command) => {
    const { exitCode, out, err } = await run(...args);
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' });
    const [error, hint] = err.split('\n');
    expect(error).toMatch(/^error: /);
    expect(error).toContain(message);
    expect(hint).toBe(`hint: see ${command} --help`);
  });

  it.each(documentedChoices(createProgram(testContext())))('%s accepts the documented %s', async (path, flag) => {
    const { exitCode, err } = await run(...path.split(' '), flag, '--help');
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  });

  it('does not accept the flags of token for token inspect', async () => {
    const { exitCode, err } = await run('token', 'inspect', '--refresh');
    expect({ exitCode, err }).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining("unknown option '--refresh'"),
    });
  });

  it.each([
    ['list', '--request-timeout'],
    ['create', '--timeout'],
    ['create', '--token-lifetime'],
    ['agent', '--timeout'],
    ['agent', '--exec-timeout'],
  ])('%s rejects an invalid duration, and names the flag: %s', async (command, flag) => {
    const { exitCode, err } = await run(command, flag, 'soon');
    expect(exitCode).toBe(1);
    expect(err).toMatch(/^error: option '(--[a-z-]+) <duration>' argument 'soon' is invalid\. Must be a duration in /);
    expect(err).toContain(flag);
  });

  // Timers of Node.js would end at once.
  it('rejects a time limit that no timer can have', async () => {
    expect((await run('list', '--request-timeout', '597h')).err).toContain('at most 596h');
  });

  it.each([
    [['-A', 'ann'], 'error: --all-namespaces cannot be used with NAME\n'],
    [['--show-secret'], 'error: --show-secret requires NAME or NAME/PAIR\n'],
  ])('rejects get with %j', async (args, err) => {
    expect(await run('get', ...args)).toEqual({ exitCode: 1, out: '', err });
  });

  it('reports any other failure without a stack', async () => {
    const { exitCode, err } = await run('list');
    expect({ exitCode, err }).toEqual({ exitCode: 1, err: 'error: the test has no cluster\n' });
  });
});

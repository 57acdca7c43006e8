import { describe, expect, it } from 'vitest';
import { runCli } from '../../../src/cli/program.ts';
import { testContext } from './support.ts';

async function run(...args: string[]) {
  const context = testContext();
  const exitCode = await runCli(args, context);
  return { exitCode, out: context.out(), err: context.err() };
}

describe('runCli', () => {
  it('prints the version to stdout', async () => {
    expect(await run('--version')).toEqual({ exitCode: 0, out: '1.2.3\n', err: '' });
  });

  it('prints help with examples to stdout', async () => {
    const { exitCode, out, err } = await run('list', '--help');
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(out).toContain('Usage: kubectl accesskey list');
    expect(out).toContain('kubectl accesskey list -A -o wide');
  });

  it.each([
    [['lst'], 'unknown command'],
    [['list', '--nothing'], 'unknown option'],
    [['list', 'a'], 'too many arguments'],
    [['list', '-o', 'xml'], 'Allowed choices are table, wide, json, yaml, name.'],
  ])('rejects %j with one line on stderr and exit code 1', async (args, message) => {
    const { exitCode, out, err } = await run(...args);
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' });
    expect(err).toMatch(/^error: /);
    expect(err).toContain(message);
  });

  it('reports any other failure without a stack', async () => {
    const { exitCode, err } = await run('list');
    expect({ exitCode, err }).toEqual({ exitCode: 1, err: 'error: the test has no cluster\n' });
  });
});

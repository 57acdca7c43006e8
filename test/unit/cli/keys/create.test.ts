import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../../../src/cli/common/cluster.ts';
import { runCli } from '../../../../src/cli/program.ts';
import { testContext } from '../support.ts';

async function create(...args: string[]) {
  const client = { create: async (_: unknown, object: object) => object };
  const cluster = { client, namespace: 'people', contexts: [], close: async () => {} } as unknown as Cluster;
  const context = testContext({ cluster });
  const exitCode = await runCli(['create', 'ann', '--user', 'ann', ...args], context);
  return { exitCode, out: context.out(), err: context.err() };
}

describe('create', () => {
  it('names the command that prints ak and sk', async () => {
    expect(await create()).toEqual({
      exitCode: 0,
      out: 'accesskey.ghippo.io/ann created\n',
      err: 'hint: kubectl accesskey get ann/main -n people --show-secret prints ak and sk\n',
    });
  });

  it('is a dry run of the client with --dry-run alone, as kubectl', async () => {
    expect(await create('--dry-run')).toEqual({
      exitCode: 0,
      out: 'accesskey.ghippo.io/ann created (dry run)\n',
      err: 'warning: --dry-run is deprecated and can be replaced with --dry-run=client\n',
    });
  });

  it('names the ServiceAccounts', async () => {
    const { out } = await create('--service-account', 'job', '--service-account', 'web', '-o', 'json');
    expect(JSON.parse(out).spec).toEqual({
      user: { name: 'ann' },
      keyPairs: [{ name: 'main' }],
      serviceAccounts: ['job', 'web'],
    });
  });

  it.each([[['-o', 'name']], [['-o', 'json']], [['-o', 'yaml']], [['--dry-run=client']], [['--dry-run=server']]])(
    'does not name it with %j',
    async (args) => {
      expect(await create(...args)).toMatchObject({ exitCode: 0, err: '' });
    },
  );
});

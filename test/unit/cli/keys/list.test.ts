import { expect, it } from 'vitest';
import type { Cluster } from '../../../../src/cli/common/cluster.ts';
import { runCli } from '../../../../src/cli/program.ts';
import { testContext } from '../support.ts';

it('prints no control character of the namespace of the context', async () => {
  const page = JSON.stringify({ metadata: { resourceVersion: '9' }, items: [] });
  const transport = { send: async () => ({ body: new Blob([page]).stream() }) };
  const cluster = { transport, namespace: 'shop\u001b[2J', close: async () => {} } as unknown as Cluster;
  const context = testContext({ cluster });
  expect(await runCli(['list'], context)).toBe(0);
  expect(context.err()).toBe('No access keys found in shop?[2J namespace.\n');
});

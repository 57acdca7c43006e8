import { expect, it } from 'vitest';
import type { Cluster } from '../../../../src/cli/common/cluster.ts';
import { runCli } from '../../../../src/cli/program.ts';
import { at, now } from '../../../support/builders.ts';
import { testContext } from '../support.ts';

const applied = { manager: 'argocd-controller', operation: 'Apply', fieldsV1: { 'f:spec': { 'f:user': {} } } };
const used = { serviceAccounts: [{ name: 'bot', lastUsedTime: at(-60) }] };

/** Deletes an AccessKey without key pairs that Argo CD manages and a ServiceAccount uses. */
async function remove(...flags: string[]) {
  const deleted: string[] = [];
  const metadata = { name: 'alice', namespace: 'people', uid: 'u', resourceVersion: '1', managedFields: [applied] };
  const client = {
    get: async () => ({ metadata, spec: { user: { name: 'alice' } }, status: used }),
    delete: async ({ name }: { name: string }) => void deleted.push(name),
  };
  const headers = { date: new Date(now).toUTCString() };
  const transport = { send: async () => ({ headers, body: { dump: async () => undefined } }) };
  const cluster = { client, transport, namespace: 'people', contexts: [], close: async () => {} };
  const context = testContext({ cluster: cluster as unknown as Cluster, now });
  const exitCode = await runCli(['delete', 'alice', ...flags], context);
  return { exitCode, out: context.out(), err: context.err(), deleted };
}

it('does not delete an AccessKey that another tool manages', async () => {
  expect(await remove('--in-use')).toMatchObject({
    exitCode: 1,
    err: expect.stringContaining('cannot delete AccessKey alice: conflict with field manager "argocd-controller"'),
    deleted: [],
  });
});

it('does not delete an AccessKey that a ServiceAccount uses', async () => {
  expect(await remove('--force-conflicts')).toMatchObject({
    exitCode: 1,
    err: expect.stringContaining('error: ServiceAccount bot of AccessKey alice is in use: it was used 60s ago\n'),
    deleted: [],
  });
});

it('deletes it with both flags', async () => {
  expect(await remove('--force-conflicts', '--in-use')).toEqual({
    exitCode: 0,
    out: 'accesskey.ghippo.io/alice deleted\n',
    err: '',
    deleted: ['alice'],
  });
});

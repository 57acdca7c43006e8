import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../../../src/cli/common/cluster.ts';
import { runCli } from '../../../../src/cli/program.ts';
import { createKubernetesClient } from '../../../../src/kube/client.ts';
import { KubernetesError } from '../../../../src/kube/errors.ts';
import type { Transport } from '../../../../src/kube/transport.ts';
import { testContext } from '../support.ts';

/** A cluster that has a version and nothing else. */
function emptyCluster(): Cluster {
  const transport = {
    server: 'http://127.0.0.1:1',
    async send({ path }: { path: string }) {
      if (path !== '/version') throw new KubernetesError(`${path}: status 404`, { status: 404 });
      return { headers: {}, body: { dump: async () => {} } };
    },
    close: async () => {},
  } as unknown as Transport;
  const client = createKubernetesClient(transport);
  return { client, transport, namespace: 'people', contexts: [], close: transport.close };
}

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const context = testContext({ env, cluster: emptyCluster() });
  const exitCode = await runCli(['doctor', ...args], context);
  return { exitCode, out: context.out(), err: context.err() };
}

describe('doctor', () => {
  it('rejects --probe-as with --as, of which a request can impersonate only one', async () => {
    expect(await run(['--as', 'admin', '--probe-as', 'alice'])).toEqual({
      exitCode: 1,
      out: '',
      err: 'error: --probe-as cannot be used with --as\n',
    });
  });

  it('uses the server of the environment unless there is --server', async () => {
    const env = { ACCESSKEY_URL: 'keys.example.org' };
    expect((await run([], env)).err).toBe('error: ACCESSKEY_URL: must be an https URL\n');
    expect((await run(['--server', 'x'], env)).err).toBe('error: --server: must be an https URL\n');
  });

  it('does not know whether an operator that it did not find has a certificate', async () => {
    const { exitCode, out } = await run(['-o', 'json'], { ACCESSKEY_URL: '' });
    expect(exitCode).toBe(1);
    expect(JSON.parse(out).findings).toContainEqual({
      check: 'certificate of operator',
      status: 'skipped',
      message: expect.stringMatching(/deployments\/accesskey-operator: status 404$/),
    });
  });
});

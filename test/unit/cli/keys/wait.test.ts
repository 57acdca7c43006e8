import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../../../src/cli/common/cluster.ts';
import { isDone } from '../../../../src/cli/keys/wait.ts';
import { runCli } from '../../../../src/cli/program.ts';
import { known, now, pairStatus } from '../../../support/builders.ts';
import { testContext } from '../support.ts';

function record(revision: number, status: object, observedGeneration: number) {
  const entry = pairStatus({ name: 'main', ...status });
  const keyPairs = [{ name: 'main', revision }];
  return known({ generation: 3, keyPairs, status: { observedGeneration, keyPairs: [entry] } });
}

describe('isDone', () => {
  it.each([
    ['the recorded revision is that of the spec', 2, { revision: 2 }, 3, true],
    ['the recorded revision is lower', 2, { revision: 1 }, 3, false],
    ['the operator has not seen the generation', 2, { revision: 2 }, 2, false],
    ['the key pair is Pending', 1, { state: 'Pending' }, 3, false],
    ['the key pair is in conflict', 1, { state: 'Conflict' }, 3, false],
  ])('knows that %s', (_, revision, status, observedGeneration, done) => {
    expect(isDone(record(revision, status, observedGeneration), 3, 'main')).toBe(done);
  });
});

/** Runs a command with `--wait` against an operator that has rotated the key pair when the command reads it again. */
async function runWaiting(...args: string[]) {
  const metadata = { name: 'ann', namespace: 'people', uid: 'u', resourceVersion: '1', generation: 2 };
  const spec = { user: { name: 'ann' }, keyPairs: [{ name: 'main', revision: 2 }] };
  const before = { metadata, spec, status: { observedGeneration: 1, keyPairs: [pairStatus({ revision: 1 })] } };
  const after = { metadata, spec, status: { observedGeneration: 2, keyPairs: [pairStatus({ revision: 2 })] } };
  const client = { get: async () => before, patch: async () => before, create: async () => before };
  const page = JSON.stringify({ metadata: { resourceVersion: '9' }, items: [after] });
  const send = async () => ({
    headers: { date: new Date(now).toUTCString() },
    body: Object.assign(new Blob([page]).stream(), { dump: async () => undefined }),
  });
  const cluster = { client, transport: { send }, namespace: 'people', contexts: [], close: async () => {} };
  const context = testContext({ cluster: cluster as unknown as Cluster, now });
  const exitCode = await runCli([...args, '--wait'], context);
  return { exitCode, out: context.out(), err: context.err(), after };
}

describe('--wait with -o', () => {
  it.each([
    ['rotate', ['rotate', 'ann'], 'key pair ann/main will be rotated\n'],
    ['create', ['create', 'ann', '--user', 'ann'], 'accesskey.ghippo.io/ann created\n'],
  ])('prints the AccessKey as the operator has changed it: %s', async (_, args, message) => {
    const { exitCode, out, err, after } = await runWaiting(...args, '-o', 'json');
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: message });
    expect(JSON.parse(out)).toEqual({ apiVersion: 'ghippo.io/v1alpha1', kind: 'AccessKey', ...after });
  });

  it('prints the name at once without -o', async () => {
    expect(await runWaiting('create', 'ann', '--user', 'ann')).toMatchObject({
      exitCode: 0,
      out: 'accesskey.ghippo.io/ann created\n',
    });
  });
});

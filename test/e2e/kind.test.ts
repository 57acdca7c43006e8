/** A kind cluster restores the state of the machine, however it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hasDocker } from '../../tools/images/docker.ts';
import { poll } from '../../tools/poll.ts';
import { removeLeftovers } from '../../tools/single-node/leftovers.ts';
import { machineState, processesNaming, processIn, sharedSettings, tracesNaming } from './machine.ts';
import { kind } from './providers/kind.ts';

const program = join(import.meta.dirname, 'programs/kind-cluster.ts');
const { E2E, E2E_KUBECONFIG, E2E_PROVIDER } = process.env;
const isOther = E2E === 'skip' || E2E_KUBECONFIG !== undefined || E2E_PROVIDER === 'node';
const fit = !isOther && (await kind(process.env).available()).length === 0;

/** Starts a cluster in a separate process, and waits until it is ready. */
async function startCluster(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stderr.pipe(process.stderr, { end: false });
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), once(child, 'exit')]);
  if (line !== 'Ready') throw new Error(`the cluster did not start: ${line}`);
  return child;
}

const tracesOf = async ({ pid }: ChildProcess) => [
  ...(await tracesNaming(`accesskey-operator-space-kind-${pid}`)),
  ...(await tracesNaming(`accesskey-machine-${pid}`)),
];

// A test waits for the cluster of the suite if both would use a temporary Docker daemon.
describe.runIf(fit)('a kind cluster leaves nothing behind', { timeout: 1_500_000 }, () => {
  test.each(['SIGTERM', 'SIGKILL'] as const)('when its process gets %s', async (signal) => {
    const before = await machineState();
    const child = await startCluster();
    expect(await tracesOf(child)).not.toEqual([]);
    if (!(await hasDocker())) {
      const kubelet = await processIn(`accesskey-operator-space-kind-${child.pid}`, '/usr/bin/kubelet');
      expect(kubelet).toBeDefined();
      expect(await sharedSettings(kubelet)).toEqual([]);
    }
    child.kill(signal);
    if (signal === 'SIGKILL') {
      await poll('its end', async () => (await processesNaming(`space-kind-${child.pid}`)).length === 0);
      // As the next start does.
      await removeLeftovers();
    }
    await poll('the removal of all traces', async () => (await tracesOf(child)).length === 0);
    await expect.poll(machineState).toEqual(before);
  });
});

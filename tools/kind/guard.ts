/**
 * Deletes a kind cluster when the process that started this one disconnects or ends, even if it is killed. Clusters of a
 * temporary Docker daemon do not need it, because they end with the daemon.
 *
 * Arguments: path of kind, name of the cluster, and folder of its kubeconfig.
 */
import { poll } from '../poll.ts';
import { run } from '../run-command.ts';
import { deleteCluster } from './cluster.ts';

const [kind = '', name = '', directory = ''] = process.argv.slice(2);
const docker = { environment: process.env, run: (...args: string[]) => run('docker', args) };

// Ctrl-C in a terminal must not end this process before the cluster is deleted.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.once('disconnect', () => {
  removeCluster().catch((error: Error) => {
    process.stderr.write(`cannot delete the kind cluster ${name}: ${error.message}\n`);
    process.exitCode = 1;
  });
});

async function removeCluster(): Promise<void> {
  await stopCreation().catch(() => undefined);
  await deleteCluster({ kind, name, directory, docker });
}

/**
 * Kills a running `kind create cluster`, which outlives a killed parent, and waits until its `docker run` commands end.
 * They would otherwise create nodes after the deletion.
 */
async function stopCreation(): Promise<void> {
  for (const pid of await processesWith(`create cluster --name ${name} `)) process.kill(pid, 'SIGKILL');
  await poll('the end of docker run', async () => (await processesWith(`--name ${name}-`)).length === 0, 60_000);
}

/** @returns the PIDs of processes whose command lines contain a text */
async function processesWith(text: string): Promise<number[]> {
  const lines = (await run('ps', ['-A', '-ww', '-o', 'pid=,args='])).split('\n');
  return lines.filter((line) => line.includes(text)).map((line) => Number.parseInt(line, 10));
}

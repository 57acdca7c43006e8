/**
 * Deletes a kind cluster when the process that started this one disconnects or ends, even if it is killed. Clusters of a
 * temporary Docker daemon do not need it, because they end with the daemon.
 *
 * Arguments: path of kind, name of the cluster, folder of its kubeconfig, and whether it owns Docker's network "kind".
 */
import { run } from '../run-command.ts';
import { deleteCluster } from './cluster.ts';

const [kind = '', name = '', directory = '', ownsNetwork] = process.argv.slice(2);
const docker = { environment: process.env, run: (...args: string[]) => run('docker', args) };

// Ctrl-C in a terminal must not end this process before the cluster is deleted.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.once('disconnect', () => {
  deleteCluster({ kind, name, directory, docker, ownsNetwork: ownsNetwork === 'true' }).catch((error: Error) => {
    process.stderr.write(`cannot delete the kind cluster ${name}: ${error.message}\n`);
    process.exitCode = 1;
  });
});

/** The node, in namespaces of its own; started by single-node.ts, which it serves by messages and with which it ends. */
import { copyFile } from 'node:fs/promises';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { createKubectl } from '../kubectl.ts';
import { makeNodeCertificates, type NodeCertificates } from './certificates.ts';
import { removeCgroup } from './cgroup.ts';
import type { Answer, NodeSettings, Request } from './messages.ts';
import { mountOwnFolders, removeWithMounts } from './mounts.ts';
import { bringUp } from './network.ts';
import { nodeName } from './node-agents.ts';
import { type NodePrograms, startNodePrograms } from './node-programs.ts';

let settings: NodeSettings | undefined;
let programs: NodePrograms | undefined;
let ending: Promise<void> | undefined;

function answer(message: Answer): void {
  if (process.connected) process.send?.(message);
}

const log = (line: string) => answer({ answer: 'log', line });

async function start(given: NodeSettings): Promise<void> {
  settings = given;
  const { directory, link } = given;
  await bringUp(link);
  await mountOwnFolders(directory);
  const certificates = await makeNodeCertificates(directory, nodeName);
  const controlPlane = await startControlPlane({
    workloads: 'own-nodes',
    address: link.nodeAddress,
    apiServerArguments: apiServerArguments(certificates),
    log,
  });
  const kubectl = createKubectl(controlPlane.kubectl, controlPlane.kubeconfig);
  await kubectl.run([...proxyBinding]);
  programs = await startNodePrograms({ settings: given, certificates, controlPlane, kubectl });
  await copyFile(controlPlane.kubeconfig, given.kubeconfig);
}

/** kube-proxy needs rights of its own; the kubelet has them by its group. */
const proxyBinding = [
  ...['create', 'clusterrolebinding', 'single-node-proxy'],
  ...['--clusterrole=system:node-proxier', '--user=system:kube-proxy'],
] as const;

/** Reachable for pods and for the machine, with the rights of a node limited to its own objects. */
function apiServerArguments({ authority, apiServer }: NodeCertificates): string[] {
  return [
    '--endpoint-reconciler-type=lease',
    '--allow-privileged=true',
    // Added to RBAC, which the control plane asks for.
    '--authorization-mode=Node',
    '--enable-admission-plugins=NodeRestriction',
    `--client-ca-file=${authority.certificate}`,
    `--kubelet-client-certificate=${apiServer.certificate}`,
    `--kubelet-client-key=${apiServer.key}`,
    '--kubelet-preferred-address-types=InternalIP',
  ];
}

/** Ends all other processes of this namespace, pods included, and takes away what they leave on the machine. */
async function stop(): Promise<void> {
  // Within a PID namespace -1 is everybody in it but this process and the first.
  process.kill(-1, 'SIGKILL');
  if (settings === undefined) return;
  await removeCgroup(settings.cgroup);
  await removeWithMounts(settings.directory);
}

function end(): Promise<void> {
  ending ??= stop().catch((error: unknown) => void process.stderr.write(`${error}\n`));
  return ending;
}

async function carryOut(request: Request): Promise<void> {
  if (request.ask === 'start') await start(request.settings);
  else await programs?.restartKubelet();
}

process.on('message', (request: Request) => {
  carryOut(request).then(
    () => answer({ answer: 'done' }),
    (error: Error) => answer({ answer: 'failed', message: `${error.message}` }),
  );
});
// The process that the node was made for has ended, in whatever way.
process.on('disconnect', () => end().finally(() => process.exit()));
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => process.disconnect());

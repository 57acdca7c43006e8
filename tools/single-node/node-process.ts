/**
 * The process of the node, in its own namespaces. single-node.ts starts it and sends it requests; it ends when that
 * process ends.
 */
import { copyFile } from 'node:fs/promises';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { createKubectl } from '../kubectl.ts';
import { createNodeCertificates, type NodeCertificates } from './certificates.ts';
import { removeCgroup } from './cgroup.ts';
import type { NodeSettings, Request, Response } from './messages.ts';
import { mountPrivateFolders, removeWithMounts } from './mounts.ts';
import { configureLink } from './network.ts';
import { nodeName } from './node-agents.ts';
import { type NodePrograms, startNodePrograms } from './node-programs.ts';

let settings: NodeSettings | undefined;
let programs: NodePrograms | undefined;
let ending: Promise<void> | undefined;

function send(message: Response): void {
  if (process.connected) process.send?.(message);
}

const log = (line: string) => send({ type: 'log', line });

async function start(nodeSettings: NodeSettings): Promise<void> {
  settings = nodeSettings;
  const { directory, link } = nodeSettings;
  await configureLink(link);
  await mountPrivateFolders(directory);
  const certificates = await createNodeCertificates(directory, nodeName);
  const controlPlane = await startControlPlane({
    workloads: 'own-nodes',
    address: link.nodeAddress,
    apiServerArguments: apiServerArguments(certificates),
    log,
  });
  const kubectl = createKubectl(controlPlane.kubectl, controlPlane.kubeconfig);
  await kubectl.run([...proxyBinding]);
  programs = await startNodePrograms({ settings: nodeSettings, certificates, controlPlane, kubectl });
  await copyFile(controlPlane.kubeconfig, nodeSettings.kubeconfig);
}

/** Grants kube-proxy its permissions. The kubelet gets them through its group. */
const proxyBinding = [
  'create',
  'clusterrolebinding',
  'single-node-proxy',
  '--clusterrole=system:node-proxier',
  '--user=system:kube-proxy',
] as const;

/** Makes the API server reachable for pods and the machine, and limits nodes to their own objects. */
function apiServerArguments({ authority, apiServer }: NodeCertificates): string[] {
  return [
    '--endpoint-reconciler-type=lease',
    '--allow-privileged=true',
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    `--client-ca-file=${authority.certificate}`,
    `--kubelet-client-certificate=${apiServer.certificate}`,
    `--kubelet-client-key=${apiServer.key}`,
    '--kubelet-preferred-address-types=InternalIP',
  ];
}

/** Kills all other processes of this namespace, including pods, and removes their cgroup and files from the machine. */
async function stop(): Promise<void> {
  // In a PID namespace, -1 means all of its processes except this one and the first.
  process.kill(-1, 'SIGKILL');
  if (settings === undefined) return;
  await removeCgroup(settings.cgroup);
  await removeWithMounts(settings.directory);
}

function stopOnce(): Promise<void> {
  ending ??= stop().catch((error: unknown) => void process.stderr.write(`${error}\n`));
  return ending;
}

async function handle(request: Request): Promise<void> {
  if (request.type === 'start') await start(request.settings);
  else await programs?.restartKubelet();
}

process.on('message', (request: Request) => {
  handle(request).then(
    () => send({ type: 'done' }),
    (error: Error) => send({ type: 'failed', message: error.message }),
  );
});
// The parent process has ended or wants the node to end.
process.on('disconnect', () => stopOnce().finally(() => process.exit()));
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => process.disconnect());

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, succeeds } from '../command.ts';
import { cniPlugins } from './machine.ts';
import { podNetwork } from './network.ts';

/** Address of containerd's socket in the folder of a node. */
export function containerdSocket(directory: string): string {
  return join(directory, 'containerd.sock');
}

/** Name of the image of each pod's sandbox. */
export const pauseImage = 'localhost/pause:local';

/** Writes containerd's files, and gives its arguments. */
export async function configureContainerd(directory: string): Promise<string[]> {
  const networks = join(directory, 'cni');
  await mkdir(networks, { recursive: true });
  await writeFile(join(networks, '10-pods.conflist'), JSON.stringify(podNetworking(directory)));
  const file = join(directory, 'containerd.toml');
  await writeFile(file, containerdConfiguration(directory, networks));
  return ['--config', file];
}

/** Every pod has a link to the node, which routes: a Service's answer passes the node's connection tracking on its way. */
function podNetworking(directory: string) {
  const ipam = { type: 'host-local', dataDir: join(directory, 'addresses'), ranges: [[{ subnet: podNetwork }]] };
  return {
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      { type: 'ptp', ipam: { ...ipam, routes: [{ dst: '0.0.0.0/0' }] } },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}

// restrict_oom_score_adj: without CAP_SYS_RESOURCE nobody may lower it, and the kubelet asks for -998 for sandboxes.
const containerdConfiguration = (directory: string, networks: string) => `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = [${unusedPlugins.map((name) => `"io.containerd.${name}"`).join(', ')}]
[grpc]
  address = "${containerdSocket(directory)}"
[ttrpc]
  address = "${containerdSocket(directory)}.ttrpc"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${cniPlugins}"
    conf_dir = "${networks}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
`;

const unusedPlugins = ['btrfs', 'zfs', 'aufs', 'devmapper'].map((name) => `snapshotter.v1.${name}`);

/** Whether containerd answers. */
export function containerdAnswers(directory: string): Promise<boolean> {
  return succeeds('ctr', ['--address', containerdSocket(directory), 'version']);
}

/** Gives the images of an archive to the node's pods. */
export async function importImage(directory: string, archive: string): Promise<void> {
  await run('ctr', ['--address', containerdSocket(directory), '--namespace', 'k8s.io', 'images', 'import', archive]);
}

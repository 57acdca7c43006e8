import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, succeeds } from '../run-command.ts';
import { podNetwork } from './network.ts';
import { cniPlugins } from './requirements.ts';

/** Path of containerd's socket. */
export function containerdSocket(directory: string): string {
  return join(directory, 'containerd.sock');
}

/** Name of the sandbox image of pods. */
export const pauseImage = 'localhost/pause:local';

/** Writes the configuration of containerd and returns its arguments. */
export async function configureContainerd(directory: string): Promise<string[]> {
  const networks = join(directory, 'cni');
  await mkdir(networks, { recursive: true });
  await writeFile(join(networks, '10-pods.conflist'), JSON.stringify(podNetworking(directory)));
  const file = join(directory, 'containerd.toml');
  await writeFile(file, containerdConfiguration(directory, networks));
  return ['--config', file];
}

/** Each pod has a point-to-point link to the node, so that responses of Services pass its connection tracking. */
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

// restrict_oom_score_adj: lowering it requires CAP_SYS_RESOURCE, and the kubelet requests -998 for sandboxes.
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

export function isContainerdReady(directory: string): Promise<boolean> {
  return succeeds('ctr', ['--address', containerdSocket(directory), 'version']);
}

/** Makes the images of an archive available to pods. */
export async function importImage(directory: string, archive: string): Promise<void> {
  await run('ctr', ['--address', containerdSocket(directory), '--namespace', 'k8s.io', 'images', 'import', archive]);
}

/** Checks whether this machine can run a node, and installs the required programs. */
import { join } from 'node:path';
import { installMissing, missingPackages, type PackagesByProgram } from '../debian/packages.ts';
import { succeeds } from '../run-command.ts';

/** Folder of Debian's CNI plugins. */
export const cniPlugins = '/usr/lib/cni';

const packages: PackagesByProgram = {
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  iptables: 'iptables',
  conntrack: 'conntrack',
  ip: 'iproute2',
  mount: 'mount',
  unshare: 'util-linux',
  openssl: 'openssl',
  debootstrap: 'debootstrap',
  [join(cniPlugins, 'ptp')]: 'containernetworking-plugins',
};

/** Returns the unmet requirements of a node. Missing packages count only if apt-get is not available. */
export async function unmetRequirements(): Promise<string[]> {
  if (process.platform !== 'linux') return [`requires Linux, this is ${process.platform}`];
  if (process.getuid?.() !== 0) return ['requires root for mounts, network links and cgroups'];
  const missing = await missingPackages(packages);
  const apt = missing.length === 0 || (await succeeds('apt-get', ['--version']));
  if (!apt) return [`programs are missing, and apt-get is not available to install: ${missing.join(', ')}`];
  if (missing.includes('util-linux')) return [];
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const allowed = await succeeds('unshare', [...namespaces, 'mount', '-t', 'tmpfs', 'none', '/mnt']);
  return allowed ? [] : ['requires permission to create namespaces (CAP_SYS_ADMIN)'];
}

/** Installs missing programs, see {@link installMissing}. */
export function installRequirements(log: (line: string) => void): Promise<void> {
  return installMissing(packages, log);
}

import { join } from 'node:path';
import { succeeds } from '../command.ts';
import { installMissing, missingPackages, type Programs } from '../debian-packages.ts';

/** Programs of the machine, and Debian's package of each. */
const packages: Programs = {
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
  [join('/usr/lib/cni', 'ptp')]: 'containernetworking-plugins',
};

/** Where Debian's CNI plugins lie. */
export const cniPlugins = '/usr/lib/cni';

/** What stands in the way of a node on this machine, a line each; missing packages do not where apt-get is. */
export async function unfitness(): Promise<string[]> {
  if (process.platform !== 'linux') return [`Linux is needed, this is ${process.platform}`];
  if (process.getuid?.() !== 0) return ['root is needed: a node mounts, makes network links and cgroups'];
  const missing = await missingPackages(packages);
  const apt = missing.length === 0 || (await succeeds('apt-get', ['--version']));
  if (!apt) return [`missing programs, and no apt-get to install: ${missing.join(', ')}`];
  if (missing.includes('util-linux')) return [];
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const allowed = await succeeds('unshare', [...namespaces, 'mount', '-t', 'tmpfs', 'none', '/mnt']);
  return allowed ? [] : ['namespaces of its own are not allowed to this process (CAP_SYS_ADMIN)'];
}

/** Installs what is missing; see `debian-packages.ts`. */
export function preparePrograms(log: (line: string) => void): Promise<void> {
  return installMissing(packages, log);
}

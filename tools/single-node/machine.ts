import { access, constants, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { run, succeeds } from '../command.ts';

/** Programs of the machine, and Debian's package of each. */
const packages: Readonly<Record<string, string>> = {
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

/** A service would be started by the package's own script; 101 forbids that (invoke-rc.d). */
const policyFile = '/usr/sbin/policy-rc.d';
const policy = '#!/bin/sh\nexit 101\n';

/** What stands in the way of a node on this machine, a line each; missing packages do not where apt-get is. */
export async function unfitness(): Promise<string[]> {
  if (process.platform !== 'linux') return [`Linux is needed, this is ${process.platform}`];
  if (process.getuid?.() !== 0) return ['root is needed: a node mounts, makes network links and cgroups'];
  const missing = await missingPackages();
  const apt = missing.length === 0 || (await succeeds('apt-get', ['--version']));
  if (!apt) return [`missing programs, and no apt-get to install: ${missing.join(', ')}`];
  if (missing.includes('util-linux')) return [];
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const allowed = await succeeds('unshare', [...namespaces, 'mount', '-t', 'tmpfs', 'none', '/mnt']);
  return allowed ? [] : ['namespaces of its own are not allowed to this process (CAP_SYS_ADMIN)'];
}

/** Installs the packages that are missing. They stay: the next run finds them. */
export async function installMissing(log: (line: string) => void): Promise<void> {
  const missing = await missingPackages();
  if (missing.length > 0) await installPackages(missing, log);
}

/** Installs Debian packages without starting the services in them. */
export async function installPackages(names: readonly string[], log: (line: string) => void): Promise<void> {
  log(`Installing Debian's packages ${names.join(', ')}`);
  const made = await writeFile(policyFile, policy, { flag: 'wx', mode: 0o755 }).then(
    () => true,
    () => false,
  );
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await run('apt-get', ['update', '-qq'], { env });
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], { env });
  } finally {
    if (made) await rm(policyFile);
  }
}

async function missingPackages(): Promise<string[]> {
  const programs = Object.keys(packages);
  const found = await Promise.all(programs.map(pathOf));
  return [...new Set(programs.filter((_, index) => !found[index]).map((program) => packages[program] ?? program))];
}

/** Where a program is: on the PATH, or at its absolute path. */
export async function pathOf(program: string): Promise<string | undefined> {
  const folders = program.startsWith('/') ? [''] : (process.env.PATH ?? '').split(delimiter);
  for (const path of folders.map((folder) => join(folder, program))) if (await isExecutable(path)) return path;
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

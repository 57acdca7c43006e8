/** What tests of clusters on this machine must find unchanged. */
import { readdir, readFile, readlink, statfs } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { hasDocker } from '../../tools/images/docker.ts';
import { run } from '../../tools/run-command.ts';
import { cgroupsNamed } from '../../tools/single-node/cgroup.ts';
import { kernelSettings } from '../../tools/single-node/mounts.ts';

/** @returns the command lines that contain a name */
export async function processesNaming(name: string): Promise<string[]> {
  const commands = await commandLines();
  return [...commands.values()].filter((command) => command.includes(name));
}

/** @returns the command line of each process, by PID */
async function commandLines(): Promise<Map<string, string>> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return new Map(pids.map((pid, index) => [pid, commands[index] ?? '']));
}

/** @returns the PID of a process of a program in a cgroup, or undefined */
export async function processIn(cgroup: string, program: string): Promise<string | undefined> {
  for (const [pid, command] of await commandLines()) {
    if (!command.startsWith(program)) continue;
    const cgroups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
    if (cgroups.includes(`/${cgroup}/`)) return pid;
  }
  return undefined;
}

/** @returns the folders, mounts, cgroups and processes whose names contain a name */
export async function tracesNaming(name: string): Promise<string[]> {
  const folders = (await readdir(tmpdir())).filter((entry) => entry.includes(name));
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').filter((line) => line.includes(name));
  return [...folders, ...mounts, ...(await cgroupsNamed(name)), ...(await processesNaming(name))];
}

const procFileSystem = 0x9fa0;

/**
 * The kernel settings that processes of a node could change on the machine. Their current values prove nothing, because
 * other programs change them, too.
 *
 * @param pid a process in the namespaces of the node
 */
export async function sharedSettings(pid: string | undefined): Promise<string[]> {
  const paths = Object.keys(kernelSettings).map((name) => `/proc/sys/${name}`);
  const types = await Promise.all(paths.map(async (path) => (await statfs(`/proc/${pid}/root${path}`)).type));
  const shared = paths.filter((_, index) => types[index] === procFileSystem);
  // The settings of the network belong to its namespace.
  const isSharedNetwork = (await readlink(`/proc/${pid}/ns/net`)) === (await readlink('/proc/self/ns/net'));
  return isSharedNetwork ? [...shared, '/proc/sys/net'] : shared;
}

const dockerLists = [
  ['container', 'ls', '--all', '--format={{.Names}}'],
  ['network', 'ls', '--format={{.Name}}'],
  ['volume', 'ls', '--format={{.Name}}'],
];

/** @returns network links, firewall rules, kernel settings, cgroups, and Docker's containers, networks and volumes */
export async function machineState(): Promise<string[]> {
  // Links of other running nodes come and go.
  const links = Object.keys(networkInterfaces()).filter((name) => !/^node\d+$/.test(name));
  const rules = await run('iptables-save', []).catch(() => '');
  const settings = await Promise.all(
    [...Object.keys(kernelSettings), 'net/ipv4/ip_forward'].map(
      async (name) => `${name} = ${await readFile(`/proc/sys/${name}`, 'utf8')}`,
    ),
  );
  const docker = await Promise.all(dockerLists.map((list) => run('docker', list).catch(() => '')));
  const modules = await readdir('/lib').then((names) => names.filter((name) => name === 'modules'));
  const lines = [rules.replaceAll(/^#.*|\[\d+:\d+\]/gm, ''), ...settings, ...docker].flatMap((text) =>
    text.split('\n'),
  );
  // The Docker of this machine keeps the parent of its containers' cgroups.
  const cgroups = (await hasDocker()) ? [] : await cgroupsNamed('docker');
  return [...links, ...lines, ...modules, ...cgroups].sort();
}

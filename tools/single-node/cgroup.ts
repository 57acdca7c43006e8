import { access, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { poll } from '../poll.ts';

const root = '/sys/fs/cgroup';

/** What cgroup v1's cpuset needs before a process may be in it. */
const cpusetFiles = ['cpuset.cpus', 'cpuset.mems'];

/** Makes a cgroup of this name at the root of each hierarchy (v1: one for each controller, v2: the only one). */
export async function createCgroup(name: string): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    await mkdir(join(hierarchy, name), { recursive: true });
    for (const file of cpusetFiles) await inherit(hierarchy, name, file);
  }
}

async function inherit(hierarchy: string, name: string, file: string): Promise<void> {
  const [above, own] = [join(hierarchy, file), join(hierarchy, name, file)];
  const [inherited, present] = await Promise.all([textOf(above), textOf(own)]);
  if (inherited !== undefined && present?.trim() === '') await writeFile(own, inherited);
}

async function textOf(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}

/** Removes a cgroup with all below it. The processes in it must be ended, or about to. */
export async function removeCgroup(name: string): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    const directory = join(hierarchy, name);
    await poll(`the end of the cgroup ${directory}`, () => removeTree(directory));
  }
}

/** A cgroup's folder is not emptied but removed: its files are no real ones. */
async function removeTree(directory: string): Promise<boolean> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return true;
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(directory, entry.name));
  await rmdir(directory);
  return true;
}

/** Names of the cgroups at the root that begin with a prefix. */
export async function cgroupsNamed(prefix: string): Promise<string[]> {
  const names = await Promise.all((await hierarchies()).map((hierarchy) => readdir(hierarchy)));
  return [...new Set(names.flat())].filter((name) => name.startsWith(prefix));
}

async function hierarchies(): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => join(root, entry.name));
  const all = [root, ...folders];
  const real = await Promise.all(all.map(isHierarchy));
  // With v2 the folders below the only hierarchy are its cgroups.
  return real[0] ? [root] : all.filter((_, index) => real[index]);
}

async function isHierarchy(directory: string): Promise<boolean> {
  return access(join(directory, 'cgroup.procs')).then(
    () => true,
    () => false,
  );
}

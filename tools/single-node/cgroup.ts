import { access, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { poll } from '../poll.ts';

const root = '/sys/fs/cgroup';

/** Files of cgroup v1's cpuset that must be set before processes can be added. */
const cpusetFiles = ['cpuset.cpus', 'cpuset.mems'];

/** Creates a cgroup at the root of each hierarchy (v1: one per controller, v2: only one). */
export async function createCgroup(name: string): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    await mkdir(join(hierarchy, name), { recursive: true });
    for (const file of cpusetFiles) await inherit(hierarchy, name, file);
  }
}

/** Copies a setting from the root cgroup unless it is set. */
async function inherit(hierarchy: string, name: string, file: string): Promise<void> {
  const target = join(hierarchy, name, file);
  const [inherited, current] = await Promise.all([textOf(join(hierarchy, file)), textOf(target)]);
  if (inherited !== undefined && current?.trim() === '') await writeFile(target, inherited);
}

async function textOf(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}

/** Removes a cgroup with its descendants. Its processes must have ended or be ending. */
export async function removeCgroup(name: string): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    const directory = join(hierarchy, name);
    await poll(`removal of the cgroup ${directory}`, () => removeTree(directory));
  }
}

/** Removes the folders of cgroups; their files disappear with them and cannot be removed. */
async function removeTree(directory: string): Promise<boolean> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return true;
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(directory, entry.name));
  await rmdir(directory);
  return true;
}

/** Returns the names of top-level cgroups with a prefix. */
export async function cgroupsNamed(prefix: string): Promise<string[]> {
  const names = await Promise.all((await hierarchies()).map((hierarchy) => readdir(hierarchy)));
  return [...new Set(names.flat())].filter((name) => name.startsWith(prefix));
}

async function hierarchies(): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => join(root, entry.name));
  const all = [root, ...folders];
  const real = await Promise.all(all.map(isHierarchy));
  // With v2, the root is the only hierarchy, and its subfolders are cgroups.
  return real[0] ? [root] : all.filter((_, index) => real[index]);
}

async function isHierarchy(directory: string): Promise<boolean> {
  return access(join(directory, 'cgroup.procs')).then(
    () => true,
    () => false,
  );
}

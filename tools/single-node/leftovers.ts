import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cgroupsNamed, removeCgroup } from './cgroup.ts';

const prefix = 'accesskey-operator-space-';
const ownerFile = 'owner';

/** Path of the folder, and name of the cgroup, of what a process is making. */
export function placeOf(pid: number, kind: 'node' | 'docker'): { directory: string; cgroup: string } {
  const name = `${prefix}${kind}-${pid}`;
  return { directory: join(tmpdir(), name), cgroup: name };
}

/** Notes which process keeps a folder: the first of those in it, as seen from outside. */
export async function noteOwner(directory: string, pid: number): Promise<void> {
  await writeFile(join(directory, ownerFile), `${pid} ${await startTime(pid)}`);
}

/**
 * Removes what was left behind by those who were killed and could not do so themselves. Those that run are not touched.
 *
 * @returns the names of what was removed
 */
export async function removeLeftovers(): Promise<string[]> {
  const folders = (await readdir(tmpdir())).filter((name) => name.startsWith(prefix));
  const names = [...new Set([...folders, ...(await cgroupsNamed(prefix))])];
  const dead = await Promise.all(names.map(async (name) => !(await isKept(name))));
  const removed = names.filter((_, index) => dead[index]);
  for (const name of removed) {
    await removeCgroup(name);
    await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
  return removed;
}

/** A process's number may be given again, so its start counts too. */
async function isKept(name: string): Promise<boolean> {
  const note = await readFile(join(tmpdir(), name, ownerFile), 'utf8').catch(() => '');
  const [pid = '', started] = note.split(' ');
  // Not noted yet: the number in the name is that of the process that makes it.
  if (pid === '') return (await startTime(Number(name.slice(name.lastIndexOf('-') + 1)))) !== undefined;
  return started !== undefined && (await startTime(Number(pid))) === started;
}

/** When a process was started, in ticks since the machine was; undefined if it has ended (proc(5), fields 3 and 22). */
async function startTime(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field, in parentheses, may hold anything.
  const [state = 'X', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ['Z', 'X', ''].includes(state) ? undefined : fields[18];
}

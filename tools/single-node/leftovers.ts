/** Removes the folders and cgroups of processes that were killed before they could clean up. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cgroupsNamed, removeCgroup } from './cgroup.ts';

const prefix = 'accesskey-operator-space-';
const ownerFile = 'owner';

/** A temporary folder and a cgroup. */
export interface Workspace {
  readonly directory: string;
  readonly cgroup: string;
}

/** What uses a workspace: a node, a Docker daemon for builds, or a Docker daemon for a kind cluster. */
export type WorkspaceKind = 'node' | 'docker' | 'kind';

/** Returns the paths of the workspace that a process creates. */
export function workspaceOf(pid: number, kind: WorkspaceKind): Workspace {
  const name = `${prefix}${kind}-${pid}`;
  return { directory: join(tmpdir(), name), cgroup: name };
}

/** Records the process that owns a workspace: the first process in its namespaces, with its PID outside of them. */
export async function recordOwner(directory: string, pid: number): Promise<void> {
  await writeFile(join(directory, ownerFile), `${pid} ${await startTime(pid)}`);
}

/**
 * Removes the workspaces whose owner has ended.
 *
 * @returns the names of the removed workspaces
 */
export async function removeLeftovers(): Promise<string[]> {
  const folders = (await readdir(tmpdir())).filter((name) => name.startsWith(prefix));
  const names = [...new Set([...folders, ...(await cgroupsNamed(prefix))])];
  const inUse = await Promise.all(names.map(isInUse));
  const removed = names.filter((_, index) => !inUse[index]);
  for (const name of removed) {
    await removeCgroup(name);
    await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
  return removed;
}

/** Whether the owner is running. PIDs are reused, so the start time must match, too. */
async function isInUse(name: string): Promise<boolean> {
  const owner = await readFile(join(tmpdir(), name, ownerFile), 'utf8').catch(() => '');
  const [pid = '', started] = owner.split(' ');
  // The owner is not recorded yet. The name contains the PID of the creating process.
  if (pid === '') return (await startTime(Number(name.slice(name.lastIndexOf('-') + 1)))) !== undefined;
  return started !== undefined && (await startTime(Number(pid))) === started;
}

/**
 * Reads the start time of a process (proc(5), fields 3 and 22).
 *
 * @returns clock ticks since boot, or undefined if the process has ended
 */
async function startTime(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field, in parentheses, can contain any characters.
  const [state = 'X', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ['Z', 'X', ''].includes(state) ? undefined : fields[18];
}

import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder like a Secret mounted by the kubelet: each file points through the symlink `..data`, which is replaced. */
export interface MountedFiles {
  readonly folder: string;
  /** Replaces the content of all files at once. */
  swap(data: Readonly<Record<string, string>>): Promise<void>;
  remove(): Promise<void>;
}

/** @param data content by file name; the names never change */
export async function mountFiles(data: Readonly<Record<string, string>>): Promise<MountedFiles> {
  const folder = await mkdtemp(join(tmpdir(), 'mounted-files-'));
  const swap = async (next: Readonly<Record<string, string>>) => {
    const version = await mkdtemp(join(folder, '..version-'));
    await Promise.all(Object.entries(next).map(([name, text]) => writeFile(join(version, name), text)));
    await symlink(version, join(folder, '..data_new'));
    await rename(join(folder, '..data_new'), join(folder, '..data'));
  };
  await swap(data);
  for (const name of Object.keys(data)) await symlink(join('..data', name), join(folder, name));
  return { folder, swap, remove: () => rm(folder, { recursive: true }) };
}

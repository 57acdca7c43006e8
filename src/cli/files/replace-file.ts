/** Replaces files atomically, for readers in other processes. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Numeric owner of a file. */
export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

export interface FileAttributes {
  /** Permission bits, for example 0o640. */
  readonly mode: number;
  /** If unset, the user of this process. */
  readonly owner?: FileOwner | undefined;
  /** Keep the user of this process as the owner if another one cannot be set. Default: this is an error. */
  readonly ownerIsOptional?: boolean;
}

/** Temporary files have names that begin with a dot, which most programs that read a directory ignore. */
const temporaryName = (name: string) => `.${name}.${randomBytes(6).toString('hex')}.accesskey-tmp`;
const temporaryNames = /^\.(.+)\.[0-9a-f]{12}\.accesskey-tmp$/s;

/** @returns the name of the file that a temporary file would replace; undefined if the name is not that of one */
export function replacedBy(name: string): string | undefined {
  return temporaryNames.exec(name)?.[1];
}

/**
 * Replaces a file atomically: a reader sees the previous or the new content, never a part, even if this process is
 * killed in between. The new content is on disk before it gets the name.
 *
 * @throws Error of the file system, for example EACCES; the previous file is then unchanged
 */
export async function replaceFile(file: string, content: string, attributes: FileAttributes): Promise<void> {
  const temporary = join(dirname(file), temporaryName(basename(file)));
  try {
    await writeNew(temporary, content, attributes);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Creates a file that only its owner can read until mode and owner are set. */
async function writeNew(file: string, content: string, attributes: FileAttributes): Promise<void> {
  const handle: FileHandle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await setOwner(handle, attributes);
    // After chown, which clears some bits. chmod is not subject to the umask.
    await handle.chmod(attributes.mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function setOwner(handle: FileHandle, { owner, ownerIsOptional }: FileAttributes): Promise<void> {
  if (!owner) return;
  await handle.chown(owner.uid, owner.gid).catch((error: unknown) => {
    if (!ownerIsOptional) throw error;
  });
}

/**
 * Removes temporary files of a process that was killed while it wrote the file.
 *
 * @throws Error that names the directory if it cannot be read
 */
export async function removeTemporaryFiles(file: string): Promise<void> {
  const directory = dirname(file);
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`directory ${directory}: cannot be read (${error.code})`);
  });
  const left = names.filter((name) => replacedBy(name) === basename(file));
  await Promise.all(left.map((name) => rm(join(directory, name), { force: true })));
}

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
  /** If unset, the user that the agent runs as. */
  readonly owner?: FileOwner | undefined;
}

const suffix = '.accesskey-tmp';

/** Temporary files have names that begin with a dot, which most programs that read a directory ignore. */
const prefixOf = (file: string) => `.${basename(file)}.`;

/**
 * Replaces a file atomically: a reader sees the previous or the new content, never a part, even if this process is
 * killed in between. The new content is on disk before it gets the name.
 *
 * @throws Error of the file system, for example EACCES; the previous file is then unchanged
 */
export async function replaceFile(file: string, content: string, attributes: FileAttributes): Promise<void> {
  const temporary = join(dirname(file), `${prefixOf(file)}${randomBytes(6).toString('hex')}${suffix}`);
  try {
    await writeNew(temporary, content, attributes);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Creates a file that only its owner can read until mode and owner are set. */
async function writeNew(file: string, content: string, { mode, owner }: FileAttributes): Promise<void> {
  const handle: FileHandle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    if (owner) await handle.chown(owner.uid, owner.gid);
    // After chown, which clears some bits. chmod is not subject to the umask.
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
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
  const left = names.filter((name) => name.startsWith(prefixOf(file)) && name.endsWith(suffix));
  await Promise.all(left.map((name) => rm(join(directory, name), { force: true })));
}

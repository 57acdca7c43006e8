/** Debian as the content of an image. */
import { chmod, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../run-command.ts';

const release = 'bookworm';
const unusedFolders = [
  'var/cache/apt',
  'var/lib/apt/lists',
  'dev',
  'usr/share/doc',
  'usr/share/man',
  'usr/share/locale',
];

/**
 * Installs Debian into an empty folder with debootstrap, which needs root.
 *
 * @param packages additional packages
 */
export async function createDebianRoot(root: string, packages: readonly string[]): Promise<void> {
  await run('debootstrap', ['--variant=minbase', `--include=${packages.join(',')}`, release, root]);
  await chmod(root, 0o755);
  for (const folder of unusedFolders) await empty(join(root, folder));
  for (const file of ['etc/resolv.conf', 'etc/hostname']) await writeFile(join(root, file), '');
}

async function empty(folder: string): Promise<void> {
  const names = await readdir(folder);
  for (const name of names) await rm(join(folder, name), { recursive: true, force: true });
}

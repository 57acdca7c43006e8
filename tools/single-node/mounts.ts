import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../command.ts';

/** Settings of the kernel that the kubelet wants and that have no namespace, as files below /proc/sys. */
const kernelSettings = {
  'vm/overcommit_memory': '1',
  'vm/panic_on_oom': '0',
  'kernel/panic': '10',
  'kernel/panic_on_oops': '1',
  'kernel/keys/root_maxkeys': '1000000',
  'kernel/keys/root_maxbytes': '25000000',
} as const;

/** Folders where a node's programs write without being asked. */
const ownFolders = ['/var/lib', '/var/log'];

/**
 * Changes what is mounted, in a mount namespace of its own: the node's programs write below a folder instead of into the
 * machine's, and the kubelet finds the kernel's settings as it wants them, so that it does not change the machine's.
 */
export async function mountOwnFolders(directory: string): Promise<void> {
  await run('mount', ['-t', 'tmpfs', 'none', '/run']);
  for (const folder of ownFolders) {
    const own = join(directory, folder);
    await mkdir(own, { recursive: true });
    await run('mount', ['--bind', own, folder]);
  }
  for (const [name, value] of Object.entries(kernelSettings)) await mountSetting(directory, name, value);
}

async function mountSetting(directory: string, name: string, value: string): Promise<void> {
  const file = join(directory, name.replaceAll('/', '.'));
  await writeFile(file, `${value}\n`);
  await run('mount', ['--bind', file, join('/proc/sys', name)]);
}

/** Unmounts everything below a folder, and what is mounted from it, then removes it. Only for the mount namespace above. */
export async function removeWithMounts(directory: string): Promise<void> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  const points = table.split('\n').map((line) => line.split(' ')[4] ?? '');
  const below = (point: string) => [directory, ...ownFolders].some((folder) => `${point}/`.startsWith(`${folder}/`));
  // The last mounted first.
  for (const point of points.filter(below).reverse()) await run('umount', ['--lazy', point]);
  await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

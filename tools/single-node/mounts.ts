import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../run-command.ts';

/** Kernel settings that the kubelet requires and that are not namespaced, as files below /proc/sys. */
export const kernelSettings = {
  'vm/overcommit_memory': '1',
  'vm/panic_on_oom': '0',
  'kernel/panic': '10',
  'kernel/panic_on_oops': '1',
  'kernel/keys/root_maxkeys': '1000000',
  'kernel/keys/root_maxbytes': '25000000',
} as const;

/** Folders of the machine to which programs of the node write. */
const privateFolders = ['/var/lib', '/var/log'];

/**
 * Creates private mounts in the mount namespace of the node: its programs write to a folder instead of the folders of
 * the machine, and the kubelet finds the required kernel settings, so that it does not change those of the machine.
 */
export async function mountPrivateFolders(directory: string): Promise<void> {
  await run('mount', ['-t', 'tmpfs', 'none', '/run']);
  for (const folder of privateFolders) {
    const source = join(directory, folder);
    await mkdir(source, { recursive: true });
    await run('mount', ['--bind', source, folder]);
  }
  for (const [name, value] of Object.entries(kernelSettings)) await mountSetting(directory, name, value);
}

async function mountSetting(directory: string, name: string, value: string): Promise<void> {
  const file = join(directory, name.replaceAll('/', '.'));
  await writeFile(file, `${value}\n`);
  await run('mount', ['--bind', file, join('/proc/sys', name)]);
}

/** Unmounts everything below and from a folder and removes it. Must run in the mount namespace of the node. */
export async function removeWithMounts(directory: string): Promise<void> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  const points = table.split('\n').map((line) => line.split(' ')[4] ?? '');
  const below = (point: string) =>
    [directory, ...privateFolders].some((folder) => `${point}/`.startsWith(`${folder}/`));
  // In reverse order of mounting.
  for (const point of points.filter(below).reverse()) await run('umount', ['--lazy', point]);
  await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

import {
  access,
  chmod,
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../command.ts';
import { cacheDirectory } from '../control-plane/binaries.ts';
import { withLock } from '../control-plane/lock.ts';
import { pathOf } from '../debian-packages.ts';
import { preparePrograms } from '../single-node/machine.ts';
import { makeImage } from './archive.ts';
import type { Docker } from './docker.ts';

/** What the Dockerfile builds on by default. */
export const publicBase = 'node:24-bookworm-slim';
/** What stands in for it where no registry can be reached. */
const localBase = 'localhost/node-base:local';

const release = 'bookworm';
/** Raised when what is made below changes. */
const version = 1;
const path = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(':');

/**
 * Gives Docker the image that the Dockerfile builds on: the public one where it can be pulled, else one made here.
 *
 * @returns its name, for the build argument BASE_IMAGE
 */
export async function provideBaseImage(docker: Docker, log: (line: string) => void): Promise<string> {
  const pulled = await docker.run('pull', '--quiet', publicBase).then(
    () => true,
    () => false,
  );
  if (pulled) return publicBase;
  await docker.run('load', '--input', await makeBaseImage(log));
  return localBase;
}

/**
 * Makes an archive of an image with Debian, Node.js (this process's) and npm (the machine's), once, into the cache.
 * Needs root, for debootstrap.
 *
 * @returns path of the archive
 */
async function makeBaseImage(log: (line: string) => void): Promise<string> {
  const folder = join(cacheDirectory(process.env), 'images');
  await mkdir(folder, { recursive: true });
  const archive = join(folder, `node-base-${version}-${process.version}-${process.arch}.tar`);
  await withLock(`${archive}.lock`, {}, async () => {
    if (await exists(archive)) return;
    log('Making a base image of Debian and Node.js (once, about a minute)');
    await preparePrograms(log);
    await make(folder, archive);
  });
  return archive;
}

async function make(folder: string, archive: string): Promise<void> {
  const root = await mkdtemp(join(folder, 'root-'));
  try {
    await run('debootstrap', ['--variant=minbase', '--include=ca-certificates,libstdc++6', release, root]);
    await chmod(root, 0o755);
    await addNode(root);
    await trim(root);
    const trusted = 'NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt';
    await makeImage(localBase, root, `${archive}.new`, { Cmd: ['node'], Env: [`PATH=${path}`, trusted] });
    await rename(`${archive}.new`, archive);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function addNode(root: string): Promise<void> {
  const modules = join(root, 'usr/local/lib/node_modules');
  const programs = join(root, 'usr/local/bin');
  await copyFile(process.execPath, join(programs, 'node'));
  await cp(await npmFolder(), join(modules, 'npm'), { recursive: true });
  for (const name of ['npm', 'npx']) {
    await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, join(programs, name));
  }
}

/** npm's program is in the folder bin of its package. */
async function npmFolder(): Promise<string> {
  const program = await pathOf('npm');
  if (program === undefined) throw new Error('npm is not on the PATH');
  return dirname(dirname(await realpath(program)));
}

/** Away with what no container needs; the machine's authorities are trusted, since it may reach registries by one. */
async function trim(root: string): Promise<void> {
  const folders = ['var/cache/apt', 'var/lib/apt/lists', 'dev', 'usr/share/doc', 'usr/share/man', 'usr/share/locale'];
  for (const folder of folders) await empty(join(root, folder));
  for (const file of ['etc/resolv.conf', 'etc/hostname']) await writeFile(join(root, file), '');
  const authorities = 'etc/ssl/certs/ca-certificates.crt';
  if (await exists(`/${authorities}`)) await copyFile(`/${authorities}`, join(root, authorities));
}

async function empty(folder: string): Promise<void> {
  const names = await readdir(folder);
  for (const name of names) await rm(join(folder, name), { recursive: true, force: true });
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

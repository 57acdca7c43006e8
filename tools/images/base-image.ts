/** Provides Docker with the base image of the Dockerfile, also without access to a registry. */
import { access, copyFile, cp, mkdir, mkdtemp, realpath, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheDirectory, withLock } from '../cache.ts';
import { pathOf } from '../debian/packages.ts';
import { installRequirements } from '../single-node/requirements.ts';
import { createImage } from './archive.ts';
import { createDebianRoot } from './debian-root.ts';
import type { Docker } from './docker.ts';

/** Default base image of the Dockerfile. */
export const publicBase = 'node:24-bookworm-slim';
/** Replacement if the public base image cannot be pulled. */
const localBase = 'localhost/node-base:local';

/** Must be increased when the content of the image changes. */
const version = 1;
const path = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(':');

/**
 * Pulls the public base image, or loads one that is built locally if it cannot be pulled.
 *
 * @returns the name of the image, for the build argument BASE_IMAGE
 */
export async function provideBaseImage(docker: Docker, log: (line: string) => void): Promise<string> {
  const pulled = await docker.run('pull', '--quiet', publicBase).then(
    () => true,
    () => false,
  );
  if (pulled) return publicBase;
  await docker.run('load', '--input', await buildBaseImage(log));
  return localBase;
}

/**
 * Builds an image with Debian, the Node.js of this process and the npm of this machine in the cache. Needs root for
 * debootstrap.
 *
 * @returns path of the archive
 */
async function buildBaseImage(log: (line: string) => void): Promise<string> {
  const folder = join(cacheDirectory(process.env), 'images');
  await mkdir(folder, { recursive: true });
  const archive = join(folder, `node-base-${version}-${process.version}-${process.arch}.tar`);
  await withLock(`${archive}.lock`, { activity: 'building the base image', log }, async () => {
    if (await exists(archive)) return;
    log('Building a base image with Debian and Node.js (once, about a minute)');
    await installRequirements(log);
    await build(folder, archive);
  });
  return archive;
}

async function build(folder: string, archive: string): Promise<void> {
  const root = await mkdtemp(join(folder, 'root-'));
  try {
    await createDebianRoot(root, ['ca-certificates', 'libstdc++6']);
    await addNode(root);
    await addTrustedCAs(root);
    const trustedCAs = 'NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt';
    const config = { Cmd: ['node'], Env: [`PATH=${path}`, trustedCAs] };
    await createImage({ name: localBase, folder: root, archive: `${archive}.new`, config });
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

/** Returns the folder of the npm package, whose program is in the subfolder bin. */
async function npmFolder(): Promise<string> {
  const program = await pathOf('npm');
  if (program === undefined) throw new Error('npm is not on the PATH');
  return dirname(dirname(await realpath(program)));
}

/** Copies the trusted CAs of the machine, which may reach registries through a proxy. */
async function addTrustedCAs(root: string): Promise<void> {
  const trustedCAs = 'etc/ssl/certs/ca-certificates.crt';
  if (await exists(`/${trustedCAs}`)) await copyFile(`/${trustedCAs}`, join(root, trustedCAs));
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

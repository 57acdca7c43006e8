/** The node image of a kind cluster: the published one if Docker can pull it, or one that is built on this machine. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory, withLock } from '../cache.ts';
import { createImage } from '../images/archive.ts';
import { run } from '../run-command.ts';
import { installRequirements } from '../single-node/requirements.ts';
import { addClusterImages, requiredImages } from './cluster-images.ts';
import { locateNodeImagePrograms, type NodeImagePrograms } from './node-programs.ts';
import { completeNodeRoot, nodeFiles, unpackDebian } from './node-root.ts';

/** The default node image of a release of kind. */
export const publishedImage = {
  kind: 'v0.33.0',
  name: 'kindest/node:v1.37.0@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5',
} as const;

const builtImage = 'localhost/kind-node';
/** Must be increased when the code that builds the image changes its content. */
const version = 1;
const requiredBytes = 5 * 2 ** 30;

type Client = (...args: string[]) => Promise<string>;

export interface NodeImageOptions {
  readonly docker: Client;
  /** Whether the daemon can reach registries. */
  readonly canPull: boolean;
  readonly log: (line: string) => void;
}

/**
 * Makes a node image available to a Docker daemon.
 *
 * @returns its name
 * @throws Error if the published image cannot be pulled, and none can be built
 */
export async function provideNodeImage({ docker, canPull, log }: NodeImageOptions): Promise<string> {
  if (canPull) {
    const problem = await docker('pull', '--quiet', publishedImage.name).then(
      () => undefined,
      (error: Error) => error.message.split('\n').at(-1) ?? '',
    );
    if (problem === undefined) return publishedImage.name;
    log(`Cannot pull ${publishedImage.name} (${problem})`);
    if (process.getuid?.() !== 0)
      throw new Error(`cannot pull the node image, and building one requires root: ${problem}`);
  }
  const programs = await locateNodeImagePrograms(log);
  const name = `${builtImage}:${await contentHash(programs)}`;
  if (await docker('image', 'inspect', name).catch(() => false)) return name;
  await removeOldImages(docker);
  const folder = join(cacheDirectory(process.env), 'kind');
  await mkdir(folder, { recursive: true });
  await withLock(join(folder, 'node-image.lock'), { activity: "building kind's node image", log }, async () => {
    log("Building kind's node image (one to five minutes)");
    await installRequirements(log);
    await requireSpace(folder);
    const work = await mkdtemp(join(folder, 'node-image-'));
    try {
      await docker('load', '--input', await build(name, { work, programs, debian: join(folder, 'debian.tar') }));
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  });
  return name;
}

interface BuildOptions {
  /** Folder for temporary files and the archive. */
  readonly work: string;
  readonly programs: NodeImagePrograms;
  readonly debian: string;
}

/** Builds the image and returns the path of its archive. */
async function build(name: string, { work, programs, debian }: BuildOptions): Promise<string> {
  const root = join(work, 'root');
  await mkdir(root);
  await unpackDebian(root, debian);
  const kubernetes = (await run(programs.kubeadm, ['version', '--output=short'])).trim();
  const imageName = await requiredImages(programs.kubeadm, kubernetes);
  await completeNodeRoot({ root, programs, version: kubernetes, pauseImage: imageName('pause') });
  await addClusterImages(root, programs, imageName);
  const archive = join(work, 'image.tar');
  const config = { Entrypoint: ['/usr/local/bin/entrypoint'], Env: ['container=docker'], StopSignal: 'SIGRTMIN+3' };
  await createImage({ name, folder: root, archive, config });
  return archive;
}

/** Hash of everything that the image is built from. The paths of programs contain the hash of their sources. */
async function contentHash(programs: NodeImagePrograms): Promise<string> {
  const hash = createHash('sha256').update(`${version}\n`);
  for (const path of Object.values(programs)) hash.update(`${path} ${(await stat(path)).size}\n`);
  const files = (await readdir(nodeFiles)).sort();
  for (const file of files) hash.update(await readFile(join(nodeFiles, file)));
  return hash.digest('hex').slice(0, 12);
}

async function removeOldImages(docker: Client): Promise<void> {
  const output = await docker('image', 'ls', '--format', '{{.Repository}}:{{.Tag}}', builtImage);
  const names = output.split('\n').filter(Boolean);
  if (names.length > 0) await docker('image', 'rm', ...names);
}

/** @throws Error if the file system of a folder does not have enough free space for a build */
export async function requireSpace(folder: string, bytes = requiredBytes): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const available = bavail * bsize;
  if (available >= bytes) return;
  const sizes = `${gibibytes(available)} GiB are free, ${gibibytes(bytes)} GiB are required`;
  throw new Error(`not enough disk space in ${folder}: ${sizes}`);
}

function gibibytes(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1);
}

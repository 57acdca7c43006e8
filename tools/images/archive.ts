import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from '../command.ts';

/** How a container of the image is started: the `config` of the OCI image specification. */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
}

const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };
const epoch = '1970-01-01T00:00:00Z';

/**
 * Makes an image of a folder: one layer, in the form of `docker save`. The same folder gives the same archive.
 *
 * @param name with its tag, such as localhost/pause:local
 * @param archive file to write, whole or not at all
 */
export async function makeImage(name: string, folder: string, archive: string, config: ImageConfig): Promise<void> {
  const work = await mkdtemp(join(dirname(archive), 'image-'));
  try {
    const layer = join(work, 'layer.tar');
    const reproducible = ['--numeric-owner', '--owner=0', '--group=0', '--sort=name', '--mtime=@0'];
    await run('tar', ['-C', folder, ...reproducible, '-cf', layer, '.']);
    const image = JSON.stringify(imageOf(await digestOf(layer), config));
    const imageFile = `${createHash('sha256').update(image).digest('hex')}.json`;
    await writeFile(join(work, imageFile), image);
    const manifest = [{ Config: imageFile, RepoTags: [name], Layers: ['layer.tar'] }];
    await writeFile(join(work, 'manifest.json'), JSON.stringify(manifest));
    await run('tar', ['-C', work, '-cf', join(work, 'whole'), 'manifest.json', imageFile, 'layer.tar']);
    await rename(join(work, 'whole'), archive);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function imageOf(layerDigest: string, config: ImageConfig) {
  return {
    architecture: architectures[process.arch] ?? process.arch,
    os: 'linux',
    created: epoch,
    config,
    rootfs: { type: 'layers', diff_ids: [`sha256:${layerDigest}`] },
    history: [{ created: epoch }],
  };
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

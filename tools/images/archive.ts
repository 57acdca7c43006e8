import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from '../run-command.ts';

/** The `config` of the OCI image specification: how to start a container of the image. */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly StopSignal?: string;
}

const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };
const epoch = '1970-01-01T00:00:00Z';

export interface ImageOptions {
  /** Name with tag, such as localhost/pause:local. */
  readonly name: string;
  /** Folder with the content of the image. */
  readonly folder: string;
  /** File to write; it is never incomplete. */
  readonly archive: string;
  readonly config: ImageConfig;
}

/** Creates a reproducible image with one layer from a folder, in the format of `docker save`. */
export async function createImage({ name, folder, archive, config }: ImageOptions): Promise<void> {
  const work = await mkdtemp(join(dirname(archive), 'image-'));
  try {
    const layer = join(work, 'layer.tar');
    const reproducible = ['--numeric-owner', '--owner=0', '--group=0', '--sort=name', '--mtime=@0'];
    await run('tar', ['-C', folder, ...reproducible, '-cf', layer, '.']);
    const image = JSON.stringify(imageConfiguration(await digestOf(layer), config));
    const imageFile = `${createHash('sha256').update(image).digest('hex')}.json`;
    await writeFile(join(work, imageFile), image);
    const manifest = [{ Config: imageFile, RepoTags: [name], Layers: ['layer.tar'] }];
    await writeFile(join(work, 'manifest.json'), JSON.stringify(manifest));
    await run('tar', ['-C', work, '-cf', join(work, 'image.tar'), 'manifest.json', imageFile, 'layer.tar']);
    await rename(join(work, 'image.tar'), archive);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function imageConfiguration(layerDigest: string, config: ImageConfig) {
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

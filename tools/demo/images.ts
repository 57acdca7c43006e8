/** The images of the demo in a kind cluster. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { logToStandardError as log } from '../cache.ts';
import { locatePrograms } from '../go-programs/locate.ts';
import { nodePrograms } from '../go-programs/program-sets.ts';
import { provideBaseImage, publicBase } from '../images/base-image.ts';
import { withDocker } from '../images/docker.ts';
import type { KindCluster } from '../kind/cluster.ts';
import { createPauseImage } from '../single-node/pause-image.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
/** The image that manifests/base uses. */
const operatorImage = 'accesskey-operator:0.1.0';
/** The image of the Deployments in examples/. */
const exampleImage = 'nginx:1.29';

export interface DemoImageOptions {
  /** Whether the nodes can reach registries that Docker can reach. */
  readonly canPull: boolean;
  /** Provides Docker with the base image of the operator's image. */
  readonly provideBase?: typeof provideBaseImage;
}

/**
 * Builds the operator's image and loads it into the cluster. If the nodes cannot pull the image of the examples, loads a
 * placeholder.
 */
export async function loadDemoImages(cluster: Pick<KindCluster, 'loadImages'>, options: DemoImageOptions) {
  const { canPull, provideBase = provideBaseImage } = options;
  const folder = await mkdtemp(join(tmpdir(), 'accesskey-demo-'));
  try {
    const archive = join(folder, 'operator.tar');
    const base = await buildOperatorImage(archive, provideBase);
    await cluster.loadImages(archive);
    // The public base image comes from the same registry as the image of the examples.
    if (!canPull || base !== publicBase) await cluster.loadImages(await createPlaceholder(folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @returns the name of the base image */
function buildOperatorImage(archive: string, provideBase: typeof provideBaseImage): Promise<string> {
  return withDocker(log, async (docker) => {
    const base = await provideBase(docker, log);
    const from = ['--build-arg', `BASE_IMAGE=${base}`];
    await docker.run('build', ...docker.buildFlags, ...from, '--tag', operatorImage, repository);
    await docker.run('save', '--output', archive, operatorImage);
    return base;
  });
}

/** Creates an image for the Deployments of the examples, which only need to run. @returns path of the archive */
async function createPlaceholder(folder: string): Promise<string> {
  const { pause } = await locatePrograms(nodePrograms, { only: ['pause'] });
  const archive = join(folder, 'example.tar');
  await createPauseImage({ name: `docker.io/library/${exampleImage}`, pause, archive });
  return archive;
}

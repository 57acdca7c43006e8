import { provideBaseImage, publicBase } from '../images/base-image.ts';
import type { Docker } from '../images/docker.ts';
import { run } from '../run-command.ts';

/** The image of a release. */
export interface ReleasedImage {
  readonly name: string;
  readonly version: string;
  /** Path of the checkout with the Dockerfile. */
  readonly sources: string;
  /** Whether a locally built base image may replace the public one. The resulting image must not be published. */
  readonly localBase: boolean;
}

/**
 * Builds the image and runs it without privileges. The image gets a separate tag, so that it is not published by
 * mistake.
 *
 * @returns the result as a line of text
 * @throws Error if the public base image cannot be pulled and no local one is allowed
 */
export async function checkImage(
  docker: Docker,
  { name, version, sources, localBase }: ReleasedImage,
  log: (line: string) => void,
): Promise<string> {
  const image = `${name}:release-check`;
  const revision = (await run('git', ['rev-parse', 'HEAD'], { cwd: sources })).trim();
  const base = await provideBaseImage(docker, log);
  if (base !== publicBase && !localBase) throw new Error(`${publicBase} cannot be pulled (see --local-base)`);
  const values = { VERSION: version, REVISION: revision, BASE_IMAGE: base };
  const flags = Object.entries(values).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]);
  await docker.run('build', ...docker.buildFlags, ...flags, '--tag', image, sources);
  const restrictions = ['--network=none', '--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'];
  const reported = (await docker.run('run', '--rm', ...restrictions, image, '--version')).trim();
  if (reported !== version) throw new Error(`the image reports version ${reported}, expected ${version}`);
  const size = Number(await docker.run('image', 'inspect', '--format={{.Size}}', image));
  return `${Math.round(size / 1_000_000)} MB on ${base}, runs read-only without privileges`;
}

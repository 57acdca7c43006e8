import { run } from '../command.ts';
import { provideBaseImage, publicBase } from '../images/base-image.ts';
import type { Docker } from '../images/docker.ts';

/** The image of a release. */
export interface ReleasedImage {
  readonly name: string;
  readonly version: string;
  /** Folder with the Dockerfile, a checkout. */
  readonly sources: string;
  /** Whether a base image made here may stand in for the public one. What is built on it is not for publishing. */
  readonly localBase: boolean;
}

/**
 * Builds the image and runs it without rights. It gets a name of its own, so that nobody publishes it by mistake.
 *
 * @returns what was found
 * @throws Error when the public base cannot be pulled and no other is allowed
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
  const hard = ['--network=none', '--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'];
  const told = (await docker.run('run', '--rm', ...hard, image, '--version')).trim();
  if (told !== version) throw new Error(`the image says that it is ${told}`);
  const size = Number(await docker.run('image', 'inspect', '--format={{.Size}}', image));
  return `${Math.round(size / 1_000_000)} MB on ${base}, runs read-only without rights`;
}

import { run } from '../command.ts';
import { provideBaseImage } from '../images/base-image.ts';
import type { Docker } from '../images/docker.ts';

/** The image of a release. */
export interface ReleasedImage {
  readonly name: string;
  readonly version: string;
  /** Folder with the Dockerfile, a checkout. */
  readonly sources: string;
}

/**
 * Builds the image and runs it without rights. The build uses the machine's network, since a daemon that was started for
 * this has none of its own.
 *
 * @returns what was found
 */
export async function checkImage(
  docker: Docker,
  { name, version, sources }: ReleasedImage,
  log: (line: string) => void,
): Promise<string> {
  const image = `${name}:${version}`;
  const revision = (await run('git', ['rev-parse', 'HEAD'], { cwd: sources })).trim();
  const base = await provideBaseImage(docker, log);
  const values = { VERSION: version, REVISION: revision, BASE_IMAGE: base };
  const flags = Object.entries(values).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]);
  await docker.run('build', '--network=host', ...flags, '--tag', image, sources);
  const hard = ['--network=none', '--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'];
  const told = (await docker.run('run', '--rm', ...hard, image, '--version')).trim();
  if (told !== version) throw new Error(`the image says that it is ${told}`);
  const size = Number(await docker.run('image', 'inspect', '--format={{.Size}}', image));
  return `${Math.round(size / 1_000_000)} MB on ${base}, runs read-only without rights`;
}

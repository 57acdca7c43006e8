import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provideBaseImage } from '../../../tools/images/base-image.ts';
import { type Docker, withDocker } from '../../../tools/images/docker.ts';
import { run } from '../../../tools/run-command.ts';
import { repository } from '../previous.ts';

/** Names of the images of the suite. */
export const images = {
  operator: 'accesskey-operator:e2e',
  previous: 'accesskey-operator:e2e-previous',
  tools: 'accesskey-tools:e2e',
  typescript: 'consumer-typescript:e2e',
  go: 'consumer-go:e2e',
  python: 'consumer-python:e2e',
  curl: 'consumer-curl:e2e',
} as const;

export interface BuildOptions {
  /** Where to write the archive of all images. */
  readonly archive: string;
  /** Folder with the sources of the previous release, if there is one. */
  readonly previous: string | undefined;
  readonly log: (line: string) => void;
}

/** Builds all images from the Dockerfiles of the repository into one archive. */
export function buildImages(options: BuildOptions): Promise<void> {
  return withDocker(options.log, (docker) => buildAll(docker, options));
}

async function buildAll(docker: Docker, { archive, previous, log }: BuildOptions): Promise<void> {
  const examples = join(repository, 'examples/consumers');
  const base = await provideBaseImage(docker, log);
  const build = imageBuilder(docker);
  await build(images.operator, repository, { base });
  if (previous !== undefined) await build(images.previous, previous, { base });
  await build(images.tools, import.meta.dirname, { base, file: 'tools.Dockerfile' });
  await build(images.typescript, join(examples, 'typescript'), { base });
  await build(images.python, join(examples, 'python'), { base: images.tools });
  await build(images.curl, join(examples, 'curl'), { base: images.tools });
  await buildGo(join(examples, 'go'), build);
  const names = Object.values(images).filter((name) => previous !== undefined || name !== images.previous);
  await docker.run('save', '--output', archive, ...names);
}

function imageBuilder(docker: Docker) {
  return async (
    name: string,
    context: string,
    { base, file = 'Dockerfile' }: { base?: string; file?: string } = {},
  ): Promise<void> => {
    const from = base === undefined ? [] : ['--build-arg', `BASE_IMAGE=${base}`];
    const args = [...docker.buildFlags, '--tag', name, '--file', join(context, file), ...from, context];
    await docker.run('build', ...args);
  };
}

/** Builds the program in a temporary folder, so that none is left in the folder of the example. */
async function buildGo(source: string, build: ReturnType<typeof imageBuilder>): Promise<void> {
  const context = await mkdtemp(join(tmpdir(), 'consumer-go-'));
  const env = { ...process.env, CGO_ENABLED: '0' };
  try {
    await run('go', ['build', '-trimpath', '-o', join(context, 'consumer'), '.'], { cwd: source, env });
    await run('cp', [join(source, 'Dockerfile'), context]);
    await build(images.go, context);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

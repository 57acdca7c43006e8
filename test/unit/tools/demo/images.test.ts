/** Docker and the programs are scripts here. */
import { basename, delimiter, join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { loadDemoImages } from '../../../../tools/demo/images.ts';
import { publicBase } from '../../../../tools/images/base-image.ts';
import { temporaryFolder, writeProgram } from '../go-programs/support/sandbox.ts';

afterEach(() => void vi.unstubAllEnvs());

test.each([
  { name: 'the operator only if nodes can pull', base: publicBase, canPull: true, loaded: ['operator.tar'] },
  {
    name: 'a placeholder for the examples if Docker cannot pull',
    base: 'localhost/base',
    canPull: true,
    loaded: ['operator.tar', 'example.tar'],
  },
  {
    name: 'a placeholder for the examples if nodes cannot pull',
    base: publicBase,
    canPull: false,
    loaded: ['operator.tar', 'example.tar'],
  },
])('loads $name', async ({ base, canPull, loaded }) => {
  const folder = await temporaryFolder();
  for (const program of ['docker', 'pause']) writeProgram(join(folder, program), 'exit 0');
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env.PATH}`);
  vi.stubEnv('KUBEBUILDER_ASSETS', folder);
  vi.stubEnv('XDG_CACHE_HOME', folder);
  const archives: string[] = [];
  const cluster = { loadImages: async (archive: string) => void archives.push(basename(archive)) };
  await loadDemoImages(cluster, { canPull, provideBase: () => Promise.resolve(base) });
  expect(archives).toEqual(loaded);
});

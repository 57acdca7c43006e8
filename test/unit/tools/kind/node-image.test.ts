import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { kindPrograms } from '../../../../tools/go-programs/program-sets.ts';
import { provideNodeImage, publishedImage, requireSpace } from '../../../../tools/kind/node-image.ts';

it('uses the node image of the release of kind that go.mod requires', () => {
  const goMod = readFileSync(join(kindPrograms.moduleDirectory, 'go.mod'), 'utf8');
  expect(goMod).toContain(`sigs.k8s.io/kind ${publishedImage.kind} `);
});

it('prefers the published image if Docker can pull it', async () => {
  const commands: string[][] = [];
  const docker = async (...args: string[]) => {
    commands.push(args);
    return '';
  };
  expect(await provideNodeImage({ docker, canPull: true, log: () => undefined })).toBe(publishedImage.name);
  expect(commands).toEqual([['pull', '--quiet', publishedImage.name]]);
});

it('accepts a file system with enough free space', async () => {
  await expect(requireSpace(tmpdir(), 1)).resolves.toBeUndefined();
});

it('reports a full disk before it builds an image', async () => {
  await expect(requireSpace(tmpdir(), 2 ** 60)).rejects.toThrow(
    new RegExp(`^not enough disk space in ${tmpdir()}: [\\d.]+ GiB are free, 1073741824.0 GiB are required$`),
  );
});

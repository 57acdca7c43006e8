/** Builds the real bundles into a temporary folder and runs them. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../../../package.json' with { type: 'json' };
import { bundleCli, programName } from '../../../../tools/bundle/cli.ts';
import { bundleOperator } from '../../../../tools/bundle/operator.ts';
import { bundledPackages, writeLicenses } from '../../../../tools/bundle/packages.ts';
import { buildParts, closureOf } from '../../../../tools/bundle/parts.ts';
import { escapeNonAscii, replaceLocations } from '../../../../tools/bundle/sources.ts';
import { run } from '../../../../tools/run-command.ts';

const root = join(import.meta.dirname, '../../../..');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundle-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('the bundle of the operator', () => {
  it('runs without the packages of the repository', async () => {
    await bundleOperator(root, folder);
    expect(await run(process.execPath, [join(folder, 'main.js'), '--version'])).toBe(`${packageJson.version}\n`);
  });

  it('consists of ASCII, because the engine stores other text with twice the memory', async () => {
    const text = await readFile(join(folder, 'main.js'));
    expect(text.every((byte) => byte < 128)).toBe(true);
  });

  it('contains the files that it reads', async () => {
    const same = async (copy: string, original: string) =>
      expect(await readFile(join(folder, copy))).toEqual(await readFile(join(root, original)));
    await same('web/assets/console.css', 'src/web/assets/console.css');
    await same('web/assets/snippets/curl.txt', 'src/web/assets/snippets/curl.txt');
    const swagger = 'node_modules/swagger-ui-dist/swagger-ui-bundle.js';
    await same(swagger, swagger);
  });
});

describe('the bundle of the command-line program', () => {
  it('runs without the packages of the repository', async () => {
    const cli = join(folder, 'cli');
    await bundleCli(root, cli);
    const path = `${dirname(process.execPath)}:${process.env.PATH}`;
    expect(await run(join(cli, programName), ['--help'], { env: { PATH: path } })).toContain(
      programName.replace('-', ' '),
    );
  });

  it('is the bin of the package', () => {
    expect(packageJson.bin).toEqual({ [programName]: `dist/cli/${programName}` });
  });
});

describe('packages in a bundle', () => {
  const output = (files: Record<string, number>) => ({
    outputs: {
      'a.js': {
        ...{ bytes: 1, imports: [], exports: [] },
        inputs: Object.fromEntries(Object.entries(files).map(([file, bytesInOutput]) => [file, { bytesInOutput }])),
      },
    },
  });

  it('are those with code in it, also nested ones', () => {
    const files = { 'src/main.ts': 9, 'node_modules/b/i.js': 1, 'node_modules/@a/b/node_modules/c/i.js': 2 };
    expect(bundledPackages(output(files))).toEqual(['node_modules/@a/b/node_modules/c', 'node_modules/b']);
  });

  it('are not those of which nothing is used', () => {
    expect(bundledPackages(output({ 'node_modules/unused/index.js': 0 }))).toEqual([]);
  });

  it('are listed with their licenses', async () => {
    await writeLicenses(root, folder, ['node_modules/jose', 'node_modules/swagger-ui-dist']);
    const text = await readFile(join(folder, 'LICENSES.txt'), 'utf8');
    expect(text).toMatch(/^jose [\d.]+, MIT\n\nThe MIT License/);
    expect(text).toMatch(/\nswagger-ui-dist [\d.]+, Apache-2.0\n[\s\S]*swagger-ui\nCopyright/);
  });
});

it('replaces the URL of a source file with its place next to the bundle', () => {
  const text = "readFile(new URL('../assets/a.css', import.meta.url))";
  expect(replaceLocations(text, 'web/common/assets.ts')).toBe(
    `readFile(new URL('../assets/a.css', new URL("web/common/assets.ts", import.meta.url)))`,
  );
});

it('escapes other characters than ASCII so that their value stays the same', () => {
  const text = 'a · 中 😀';
  const escaped = escapeNonAscii(text);
  expect(escaped).toMatch(/^[ -~]+$/);
  expect(JSON.parse(`"${escaped}"`)).toBe(text);
});

describe('closureOf', () => {
  const chunks = new Map([
    ['main.js', { source: 'src/main.ts', imports: ['a.js'] }],
    ['later.js', { source: 'src/later.ts', imports: ['a.js', 'b.js'] }],
    ['a.js', { source: undefined, imports: ['c.js'] }],
    ['b.js', { source: undefined, imports: [] }],
    ['c.js', { source: undefined, imports: ['a.js'] }],
  ]);

  it('returns what sources load, the first source first', () => {
    expect([...closureOf(chunks, ['src/main.ts'])]).toEqual(['main.js', 'a.js', 'c.js']);
    expect([...closureOf(chunks, ['src/main.ts', 'src/later.ts'])]).toEqual([
      ...['main.js', 'a.js', 'c.js', 'later.js', 'b.js'],
    ]);
  });

  it('fails for a source that has no chunk of its own, because the program always loads it', () => {
    expect(() => closureOf(chunks, ['src/a.ts'])).toThrow('src/a.ts is not a module that');
  });
});

it('the first part of the executable is small, because a cached token must be printed fast', async () => {
  const { main, scripts } = await buildParts(root);
  expect(main).toBe('./main.js');
  expect(scripts.first.length).toBeLessThan(200_000);
  expect(scripts.rest.length).toBeGreaterThan(1_000_000);
  for (const text of Object.values(scripts)) expect(escapeNonAscii(text)).toBe(text);
});

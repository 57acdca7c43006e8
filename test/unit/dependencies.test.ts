/** Checks the import rules of src/ (.dependency-cruiser.mjs), and that each rule finds a violation. */
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser';
import extractConfig from 'dependency-cruiser/config-utl/extract-depcruise-config';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

const inlineImportType = /(?<!await )\bimport\(/;

/** The folders that each folder may import, and the pattern of the files that every folder may import. */
const { mayImport, leaves }: { mayImport: Record<string, string[]>; leaves: string } = await import(
  join(root, '.dependency-cruiser.mjs')
);

interface Cruised {
  /** The files of src/. */
  modules: string[];
  /** `rule: from -> to` */
  violations: string[];
  /** `from -> to`, for folders of src/. */
  imports: Set<string>;
}

/** Reads the files in the folder src/ of a base directory. */
async function cruiseIn(baseDir: string): Promise<Cruised> {
  const { options, forbidden } = await extractConfig(join(root, '.dependency-cruiser.mjs'));
  const ruleSet = { forbidden } as NonNullable<ICruiseOptions['ruleSet']>;
  const { output } = await cruise(['src'], { ...(options as ICruiseOptions), baseDir, validate: true, ruleSet });
  const { modules, summary } = output as ICruiseResult;
  const sources = modules.filter(({ source }) => source.startsWith('src/'));
  const imports = sources.flatMap(({ source, dependencies }) =>
    dependencies
      .filter(({ resolved }) => !new RegExp(leaves).test(resolved))
      .map(({ resolved }) => `${folderOf(source)} -> ${folderOf(resolved)}`),
  );
  return {
    modules: sources.map(({ source }) => source),
    violations: summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`),
    imports: new Set(imports),
  };
}

const folderOf = (file: string) => relative('src', dirname(file));

describe('src', () => {
  let cruised: Cruised;
  beforeAll(async () => {
    cruised = await cruiseIn(root);
  });
  const allowed = Object.entries(mayImport).flatMap(([folder, others]) => others.map((other) => [folder, other]));

  it('follows the import rules', () => {
    expect(cruised.violations).toEqual([]);
    expect(cruised.modules.length).toBeGreaterThan(150);
  });

  it('has rules that list its folders from bottom to top', () => {
    const folders = Object.keys(mayImport);
    const wrong = allowed.filter(([folder = '', other = '']) => folders.indexOf(other) >= folders.indexOf(folder));
    expect(wrong).toEqual([]);
  });

  it('has rules that allow only imports that exist', () => {
    const unused = allowed.map(([folder, other]) => `${folder} -> ${other}`).filter((one) => !cruised.imports.has(one));
    expect(unused).toEqual([]);
  });
});

describe('a file of src', () => {
  // swc does not report these to dependency-cruiser.
  it('has no import type within an expression', () => {
    const files = globSync('src/**/*.ts', { cwd: root });
    const found = files.filter((file) => inlineImportType.test(readFileSync(join(root, file), 'utf8')));
    expect(found).toEqual([]);
    expect("type B = import('../token/b.ts').B;").toMatch(inlineImportType);
  });
});

describe('the import rules', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'dependencies-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function check(files: Record<string, string>): Promise<string[]> {
    const clientNode = 'node_modules/@kubernetes/client-node';
    const all = {
      'package.json': '{ "type": "module", "dependencies": { "@kubernetes/client-node": "*" } }',
      [`${clientNode}/package.json`]: '{ "name": "@kubernetes/client-node", "main": "index.js" }',
      [`${clientNode}/index.js`]: '',
      ...files,
    };
    for (const [file, text] of Object.entries(all)) {
      mkdirSync(dirname(join(directory, file)), { recursive: true });
      writeFileSync(join(directory, file), text);
    }
    return cruiseIn(directory).then(({ violations }) => violations);
  }

  it('accept imports of lower folders, and types of client-node', async () => {
    const violations = await check({
      'src/kube/a.ts': "import { KubeConfig } from '@kubernetes/client-node';\nexport const a = KubeConfig;",
      'src/token/b.ts': "import { a } from '../kube/a.ts';\nimport type { V1Pod } from '@kubernetes/client-node';",
      'src/main.ts': "import './token/b.ts';",
    });
    expect(violations).toEqual([]);
  });

  it.each([
    ["import { b } from '../token/b.ts';"],
    ["import type { B } from '../token/b.ts';"],
    ["import {\n  type B,\n  b,\n} from '../token/b.ts';"],
    ["import '../token/b.ts';"],
    ["import b, * as all from '../token/b.ts';"],
    ["export { b } from '../token/b.ts';"],
    ["export * from '../token/b.ts';"],
    ["export type { B } from '../token/b.ts';"],
    ["const b = await import('../token/b.ts');"],
    ["const text = 'no // comment'; /* a\n */ import { b } from '../token/b.ts';"],
  ])('find an import in the wrong direction: %s', async (text) => {
    const violations = await check({ 'src/kube/wrong.ts': text, 'src/token/b.ts': 'export const b = 1;' });
    expect(violations).toEqual(['imports-of-kube: src/kube/wrong.ts -> src/token/b.ts']);
  });

  it('find a cycle, also through types and of one file', async () => {
    const violations = await check({
      'src/kube/a.ts': "import './b.ts';",
      'src/kube/b.ts': "import type { C } from './c.ts';",
      'src/kube/c.ts': "import './a.ts';",
      'src/kube/d.ts': "import './d.ts';",
    });
    expect(violations).toEqual(
      expect.arrayContaining(['no-cycle: src/kube/a.ts -> src/kube/b.ts', 'no-cycle: src/kube/d.ts -> src/kube/d.ts']),
    );
  });

  it('find a folder without rules and an import of main.ts', async () => {
    const violations = await check({ 'src/new/a.ts': "import '../main.ts';", 'src/main.ts': '' });
    expect(violations.sort()).toEqual([
      'folder-without-rules: src/new/a.ts -> src/main.ts',
      'nothing-imports-main: src/new/a.ts -> src/main.ts',
    ]);
  });

  it('find a file that does not exist', async () => {
    expect(await check({ 'src/kube/a.ts': "import './missing.ts';" })).toEqual([
      'import-not-found: src/kube/a.ts -> ./missing.ts',
    ]);
  });

  it.each([
    ["import { V1Pod } from '@kubernetes/client-node';"],
    ["import { type V1Pod, KubeConfig } from '@kubernetes/client-node';"],
    ["import * as k8s from '@kubernetes/client-node';"],
    ["import '@kubernetes/client-node';"],
    ["export { V1Pod } from '@kubernetes/client-node';"],
    ["await import('@kubernetes/client-node');"],
  ])('find values of client-node outside of kube: %s', async (text) => {
    const violations = await check({ 'src/token/a.ts': text });
    expect(violations).toEqual([expect.stringMatching(/^client-node-only-in-kube: src\/token\/a\.ts/)]);
  });

  it('find values in metrics', async () => {
    const violations = await check({
      'src/kube/a.ts': 'export const a = 1;\nexport type A = 1;',
      'src/metrics/a.ts': "import type { A } from '../kube/a.ts';",
      'src/metrics/b.ts': "import { a, type A } from '../kube/a.ts';",
    });
    expect(violations).toEqual(['metrics-imports-types-only: src/metrics/b.ts -> src/kube/a.ts']);
  });

  it.each(["import { env } from 'node:process';", "import process from 'process';"])(
    'find the process outside of main.ts: %s',
    async (text) => {
      const violations = await check({ 'src/token/a.ts': text, 'src/main.ts': "import 'node:process';" });
      expect(violations).toEqual([expect.stringMatching(/^process-only-in-main: src\/token\/a\.ts/)]);
    },
  );
});

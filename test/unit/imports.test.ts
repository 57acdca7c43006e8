/**
 * The shape of src/: which folder may import which, no cycles, and who may touch client-node and the process.
 */
import { globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../src');

/** What each folder, or file beside the folders, may import of the others. */
const allowed: Record<string, readonly string[]> = {
  kube: [],
  credential: [],
  config: [],
  'config.ts': ['config'],
  accesskey: ['kube', 'credential'],
  access: ['kube'],
  selector: [],
  deployments: ['kube', 'selector'],
  clusters: ['kube', 'access', 'deployments'],
  users: ['accesskey'],
  token: ['kube', 'accesskey', 'credential'],
  metrics: ['kube', 'access', 'token', 'http', 'clusters'],
  http: ['kube', 'credential', 'accesskey', 'access', 'deployments', 'clusters', 'token', 'users', 'selector'],
  web: ['kube', 'credential', 'accesskey', 'access', 'deployments', 'clusters', 'token', 'http'],
  'console.ts': ['kube', 'config.ts', 'accesskey', 'http', 'web'],
  'caches.ts': ['kube', 'credential', 'accesskey', 'deployments'],
  'log.ts': [],
  'leadership.ts': ['kube', 'config.ts', 'accesskey'],
  'served-clusters.ts': ['kube', 'config.ts', 'access', 'clusters', 'caches.ts'],
  'api.ts': ['kube', 'config.ts', 'accesskey', 'token', 'http', 'users', 'served-clusters.ts', 'console.ts'],
  'parts.ts': [
    ...['kube', 'config.ts', 'accesskey', 'token', 'metrics', 'http'],
    ...['api.ts', 'caches.ts', 'leadership.ts', 'served-clusters.ts'],
  ],
  'operator.ts': ['config.ts', 'http', 'parts.ts'],
  'main.ts': ['kube', 'config.ts', 'http', 'log.ts', 'parts.ts', 'operator.ts'],
};

/** The parts of `process` that main.ts may use besides. */
const processOfMain = ['argv', 'exit', 'on', 'off', 'stdout', 'stderr'];

interface Import {
  specifier: string;
  typeOnly: boolean;
}

interface Source {
  /** Path in src/. */
  file: string;
  /** Without comments. */
  code: string;
  imports: Import[];
}

/** Strings are matched first, so that // in a URL is not taken for a comment. */
const token = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;

const sources = globSync('**/*.ts', { cwd: root })
  .sort()
  .map((file) => toSource(file, readFileSync(join(root, file), 'utf8')));

function toSource(file: string, text: string): Source {
  const code = withoutComments(text);
  return { file, code, imports: importsOf(code) };
}

function withoutComments(text: string): string {
  return text.replace(token, (match) => (match.startsWith('/') ? ' ' : match));
}

/** Templates stay, there is code in them. */
function withoutQuoted(code: string): string {
  return code.replace(token, (match) => (match.startsWith('`') ? match : "''"));
}

function importsOf(code: string): Import[] {
  const statements = code.matchAll(/(?:^|;)[ \t]*(?:import|export)\b(?:([^'"`;]*?)\bfrom\b)?\s*['"]([^'"]+)['"]/gm);
  const calls = code.matchAll(/\b(?:import|require)\s*\(\s*['"`]([^'"`]+)['"`]/g);
  return [
    ...[...statements].map(([, clause = '', specifier = '']) => ({ specifier, typeOnly: isTypeOnly(clause) })),
    ...[...calls].map(([, specifier = '']) => ({ specifier, typeOnly: false })),
  ];
}

/** `import type ...`, or `import { type A, type B }`. */
function isTypeOnly(clause: string): boolean {
  const [, names] = /^\s*\{([^}]*)\}\s*$/.exec(clause) ?? [];
  if (names === undefined) return /^\s*type\b/.test(clause);
  const items = names.split(',').filter((item) => item.trim() !== '');
  return items.length > 0 && items.every((item) => /^\s*type\s/.test(item));
}

/** Files of src/ that a file imports; what is outside of src/ is left out. */
function targetsOf({ file, imports }: Source): string[] {
  const relative = imports.filter(({ specifier }) => specifier.startsWith('.'));
  const paths = relative.map(({ specifier }) => posix.join(posix.dirname(file), specifier));
  return paths.filter((path) => !path.startsWith('..'));
}

const partOf = (file: string) => file.split('/')[0] ?? '';

function forbiddenImports(all: readonly Source[]): string[] {
  return all.flatMap((source) => {
    const part = partOf(source.file);
    const may = allowed[part];
    if (may === undefined) return [`${source.file}: ${part} is not in the table of this test`];
    const wrong = targetsOf(source).filter((target) => partOf(target) !== part && !may.includes(partOf(target)));
    return wrong.map((target) => `${source.file} imports ${target}`);
  });
}

/** Each cycle once, as `a -> b -> a`. */
function cycles(all: readonly Source[]): string[] {
  const graph = new Map(all.map((source) => [source.file, targetsOf(source)]));
  const done = new Set<string>();
  const found: string[] = [];
  function visit(file: string, path: readonly string[]): void {
    if (path.includes(file)) found.push([...path.slice(path.indexOf(file)), file].join(' -> '));
    if (done.has(file) || path.includes(file)) return;
    for (const target of graph.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  }
  for (const { file } of all) visit(file, []);
  return found;
}

function clientNodeValues(all: readonly Source[]): string[] {
  return all
    .filter(({ file }) => partOf(file) !== 'kube')
    .filter(({ imports }) => imports.some((one) => /^@kubernetes\/client-node/.test(one.specifier) && !one.typeOnly))
    .map(({ file }) => file);
}

/** What is measured tells its metrics by functions that it is given; metrics knows the types of these and nothing else. */
function valuesInMetrics(all: readonly Source[]): string[] {
  return all
    .filter(({ file }) => partOf(file) === 'metrics')
    .flatMap(({ file, imports }) =>
      imports
        .filter(({ specifier, typeOnly }) => specifier.startsWith('../') && !typeOnly)
        .map(({ specifier }) => `${file} imports values of ${specifier}`),
    );
}

/** Uses of the process: its environment in config.ts only, what main.ts needs in main.ts only. */
function processUses(all: readonly Source[]): string[] {
  return all.flatMap(({ file, code, imports }) => {
    const may = file === 'config.ts' ? ['env'] : file === 'main.ts' ? processOfMain : [];
    const uses = [...withoutQuoted(code).matchAll(/\bprocess\b(?:\s*\??\.\s*(\w+))?/g)].map(
      ([, member]) => member ?? 'process',
    );
    const wrong = uses.filter((use) => !may.includes(use)).map((use) => `${file}: process.${use}`);
    const imported = imports.filter(({ specifier }) => /^(node:)?process$/.test(specifier));
    return [...wrong, ...imported.map(() => `${file}: imports process`)];
  });
}

describe('src', () => {
  it('was found', () => {
    expect(sources.length).toBeGreaterThan(40);
    expect(new Set(sources.map(({ file }) => partOf(file)))).toEqual(new Set(Object.keys(allowed)));
  });

  it('has no import that this test does not see', () => {
    for (const { file, code, imports } of sources) {
      const words = code.match(/\bfrom\s*['"]|\b(?:import|require)\s*\(?\s*['"`]/g) ?? [];
      expect([file, imports.length]).toEqual([file, words.length]);
    }
  });

  it('imports only files that are there', () => {
    const files = new Set(sources.map(({ file }) => file));
    const missing = sources.flatMap((source) => targetsOf(source).filter((target) => !files.has(target)));
    expect(missing).toEqual([]);
  });

  it('has dependencies in the allowed directions only', () => {
    expect(forbiddenImports(sources)).toEqual([]);
  });

  it('has no import cycle, types included', () => {
    expect(cycles(sources)).toEqual([]);
  });

  it('uses values of client-node in kube only', () => {
    expect(clientNodeValues(sources)).toEqual([]);
  });

  it('gives metrics types only', () => {
    expect(valuesInMetrics(sources)).toEqual([]);
  });

  it('looks at the environment in config.ts only', () => {
    expect(processUses(sources)).toEqual([]);
  });
});

describe('this test', () => {
  const sound = [
    toSource('kube/a.ts', "import { KubeConfig } from '@kubernetes/client-node';"),
    toSource('token/b.ts', "import { a } from '../kube/a.ts';\nimport type { V1Pod } from '@kubernetes/client-node';"),
    toSource('config.ts', "const url = 'https://x'; process.env.HOME;\n// process.exit and import './x.ts'"),
    toSource('main.ts', "import packageJson from '../package.json' with { type: 'json' };\nprocess.exit(1);"),
  ];

  it('finds nothing in what is sound', () => {
    expect(forbiddenImports(sound)).toEqual([]);
    expect(cycles(sound)).toEqual([]);
    expect(clientNodeValues(sound)).toEqual([]);
    expect(processUses(sound)).toEqual([]);
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
    ["type B = import('../token/b.ts').B;"],
    ["const text = 'no // comment'; /* a\n */ import { b } from '../token/b.ts';"],
  ])('finds the wrong way and the cycle: %s', (text) => {
    const wrong = [...sound, toSource('kube/wrong.ts', text), toSource('token/b.ts', "import '../kube/wrong.ts';")];
    expect(forbiddenImports(wrong)).toEqual(['kube/wrong.ts imports token/b.ts']);
    expect(cycles(wrong)).toEqual([
      expect.stringMatching(/kube\/wrong\.ts -> token\/b\.ts|token\/b\.ts -> kube\/wrong\.ts/),
    ]);
  });

  it('finds a cycle in one folder, a long one and a file that imports itself', () => {
    const long = [
      toSource('kube/a.ts', "import './b.ts';"),
      toSource('kube/b.ts', "import type { C } from './c.ts';"),
      toSource('kube/c.ts', "import './a.ts';"),
      toSource('kube/d.ts', "import './d.ts';\nimport './a.ts';"),
    ];
    expect(cycles(long)).toEqual(['kube/a.ts -> kube/b.ts -> kube/c.ts -> kube/a.ts', 'kube/d.ts -> kube/d.ts']);
  });

  it('finds a folder that is new', () => {
    expect(forbiddenImports([toSource('new/a.ts', '')])).toEqual(['new/a.ts: new is not in the table of this test']);
  });

  it.each([
    ["import { V1Pod } from '@kubernetes/client-node';"],
    ["import { type V1Pod, KubeConfig } from '@kubernetes/client-node';"],
    ["import * as k8s from '@kubernetes/client-node';"],
    ["import '@kubernetes/client-node';"],
    ["import {} from '@kubernetes/client-node';"],
    ["export { V1Pod } from '@kubernetes/client-node';"],
    ["await import('@kubernetes/client-node');"],
  ])('finds values of client-node: %s', (text) => {
    expect(clientNodeValues([toSource('token/x.ts', text)])).toEqual(['token/x.ts']);
    expect(clientNodeValues([toSource('kube/x.ts', text)])).toEqual([]);
  });

  it('finds values in metrics', () => {
    const text = "import type { A } from '../kube/a.ts';\nimport { b, type B } from '../kube/b.ts';\nimport './c.ts';";
    expect(valuesInMetrics([toSource('metrics/x.ts', text)])).toEqual(['metrics/x.ts imports values of ../kube/b.ts']);
    expect(valuesInMetrics([toSource('token/x.ts', text)])).toEqual([]);
  });

  it.each([
    ["import type { V1Pod } from '@kubernetes/client-node';"],
    ["import type * as k8s from '@kubernetes/client-node';"],
    ["import { type V1Pod, type V1Node } from '@kubernetes/client-node';"],
  ])('lets types of client-node through: %s', (text) => {
    expect(clientNodeValues([toSource('token/x.ts', text)])).toEqual([]);
  });

  it.each([
    ['token/x.ts', 'process.env.HOME', ['token/x.ts: process.env']],
    ['token/x.ts', "process['env']", ['token/x.ts: process.process']],
    ['token/x.ts', 'const { env } = process;', ['token/x.ts: process.process']],
    ['token/x.ts', "import { env } from 'node:process';", ['token/x.ts: imports process']],
    ['kube/x.ts', 'process.exit(1)', ['kube/x.ts: process.exit']],
    ['main.ts', 'process.env.HOME', ['main.ts: process.env']],
    ['config.ts', 'process.exit(1)', ['config.ts: process.exit']],
    ['http/x.ts', `const text = \`the \${process.env.HOME}\`;`, ['http/x.ts: process.env']],
  ])('finds in %s: %s', (file, text, found) => {
    expect(processUses([toSource(file, text)])).toEqual(found);
  });
});

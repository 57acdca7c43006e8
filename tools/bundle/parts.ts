/**
 * The command-line program in two parts for the single executable: what `token` and `credential` need, and the rest, which
 * they never load.
 */
import { basename, join } from 'node:path';
import { build, type Metafile, transform } from 'esbuild';
import { cliSource } from './cli.ts';
import { shared } from './options.ts';
import type { PartName } from './part-names.ts';
import { preparedSources } from './sources.ts';
import { withoutUnusedParts } from './unused.ts';

/** Modules that the program imports on demand and that belong to the first part. */
const onDemand = ['src/cli/credential/print-token.ts', 'src/cli/credential/print-credential.ts'];

export interface Parts {
  /** Name of the module that starts the program. */
  readonly main: string;
  /** Scripts whose value is an object: a function for each module, as `ModuleFunction` of loader.ts, by its name. */
  readonly scripts: Readonly<Record<PartName, string>>;
}

/**
 * Bundles the program into scripts: only for these, unlike for ES modules, a cache of compiled code can be used.
 *
 * @param root the repository
 */
export async function buildParts(root: string): Promise<Parts> {
  const { metafile, outputFiles } = await build({
    ...shared,
    format: 'esm',
    splitting: true,
    entryPoints: [join(root, cliSource)],
    outdir: join(root, 'dist'),
    write: false,
    absWorkingDir: root,
    plugins: [preparedSources(join(root, 'src')), withoutUnusedParts],
  });
  const chunks = chunksOf(metafile);
  const first = closureOf(chunks, [cliSource, ...onDemand]);
  const scripts = { first: '', rest: '' };
  for (const { path, text } of outputFiles) {
    const name = basename(path);
    scripts[first.has(name) ? 'first' : 'rest'] += `${JSON.stringify(nameOf(name))}:${await toFunction(text)},\n`;
  }
  const [main = ''] = closureOf(chunks, [cliSource]);
  return { main: nameOf(main), scripts: { first: `({${scripts.first}})`, rest: `({${scripts.rest}})` } };
}

/** As other chunks import it. */
const nameOf = (chunk: string) => `./${chunk}`;

interface Chunk {
  /** Source of the module that the chunk is the entry of, relative to the repository. */
  readonly source: string | undefined;
  /** Chunks that it always loads. */
  readonly imports: readonly string[];
}

type Chunks = ReadonlyMap<string, Chunk>;

function chunksOf({ outputs }: Metafile): Chunks {
  return new Map(
    Object.entries(outputs).map(([path, { entryPoint, imports }]) => {
      const always = imports.filter(({ kind, external }) => kind === 'import-statement' && !external);
      return [basename(path), { source: entryPoint, imports: always.map((one) => basename(one.path)) }];
    }),
  );
}

/** @returns the chunks of these sources and all that they load, the first source first */
export function closureOf(chunks: Chunks, sources: readonly string[]): Set<string> {
  const found = new Set<string>();
  const add = (name: string) => {
    if (found.has(name)) return;
    found.add(name);
    for (const one of chunks.get(name)?.imports ?? []) add(one);
  };
  for (const source of sources) {
    const [name] = [...chunks].find(([, chunk]) => chunk.source === source) ?? [];
    if (name === undefined) throw new Error(`${source} is not a module that the program imports on demand`);
    add(name);
  }
  return found;
}

async function toFunction(code: string): Promise<string> {
  const { target, minifyWhitespace, minifySyntax } = shared;
  const supported = { 'dynamic-import': false };
  const common = await transform(code, { format: 'cjs', target, minifyWhitespace, minifySyntax, supported });
  return `function(exports,require,module){${common.code}}`;
}

/** Loads the parts of the program in the single executable (see parts.ts). */
import { Script } from 'node:vm';
import { type PartName, partNames } from './part-names.ts';

/** As in CommonJS. */
export type Require = (name: string) => unknown;
export type ModuleFunction = (exports: object, require: Require, module: { exports: object }) => void;

export interface LoaderOptions {
  /** Reads the script of a part; it contains only ASCII characters. */
  readonly readScript: (part: PartName) => Buffer;
  /** Reads the compiled code of a part; undefined if there is none. */
  readonly readCode: (part: PartName) => Buffer | undefined;
  /** Loads modules of Node.js. */
  readonly requireBuiltin: Require;
}

export interface Loader {
  readonly requireModule: Require;
  /** The scripts that have been loaded. */
  readonly scripts: ReadonlyMap<PartName, Script>;
}

export function createLoader({ readScript, readCode, requireBuiltin }: LoaderOptions): Loader {
  const scripts = new Map<PartName, Script>();
  const functions: Record<string, ModuleFunction> = {};
  const modules = new Map<string, { exports: object }>();

  function load(part: PartName): void {
    const cachedData = readCode(part);
    const script = new Script(readScript(part).toString('latin1'), {
      filename: `kubectl-accesskey/${part}.js`,
      ...(cachedData && { cachedData }),
    });
    scripts.set(part, script);
    Object.assign(functions, script.runInThisContext());
  }

  function find(name: string): ModuleFunction {
    for (const part of partNames) {
      if (functions[name]) return functions[name];
      if (!scripts.has(part)) load(part);
    }
    if (functions[name]) return functions[name];
    throw new Error(`no part has the module ${name}`);
  }

  function requireModule(name: string): unknown {
    if (!name.startsWith('./')) return requireBuiltin(name);
    const known = modules.get(name);
    if (known) return known.exports;
    const run = find(name);
    const module = { exports: {} };
    // Before it runs, because modules may import each other.
    modules.set(name, module);
    run(module.exports, requireModule, module);
    return module.exports;
  }

  return { requireModule, scripts };
}

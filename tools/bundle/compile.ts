/**
 * Runs a command of the program in parts, and stores the compiled code of a part with all functions that have run. V8 only
 * accepts it in the same version with the same flags, so it needs a process of its own:
 *
 *   node tools/bundle/compile.ts FOLDER PART EXIT_CODE MAIN [ARGUMENT]...
 *
 * It fails if the command does not end with this exit code.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createLoader } from './loader.ts';
import type { PartName } from './part-names.ts';

const [, , folder = '', part = '', expected = '', main = '', ...args] = process.argv;
const { requireModule, scripts } = createLoader({
  readScript: (name) => readFileSync(join(folder, `${name}.js`)),
  readCode: () => undefined,
  requireBuiltin: createRequire(import.meta.url),
});
process.argv = [process.execPath, 'kubectl-accesskey', ...args];
process.on('exit', (code) => {
  const script = scripts.get(part as PartName);
  if (script) writeFileSync(join(folder, `${part}.code`), script.createCachedData());
  process.exitCode = script && code === Number(expected) ? 0 : 1;
});
requireModule(main);

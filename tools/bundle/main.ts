/**
 * Bundles the operator into dist/operator and the command-line program into dist/cli, `npm run build`. `npm ci` runs it as
 * well.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleCli, cliSource } from './cli.ts';
import { bundleOperator } from './operator.ts';

const root = join(import.meta.dirname, '../..');
const operator = 'dist/operator';
const cli = 'dist/cli';

const report = (line: string) => void process.stdout.write(`${line}\n`);

for (const folder of [operator, cli]) await rm(join(root, folder), { recursive: true, force: true });
await bundleOperator(root, join(root, operator));
report(`built ${operator}`);
if (await bundleCli(root, join(root, cli))) report(`built ${cli}`);
else report(`skipped ${cli}: ${cliSource} does not exist`);

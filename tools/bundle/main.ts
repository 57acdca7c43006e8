/**
 * Bundles the operator into dist/operator and the command-line program into dist/cli, `npm run build`. `npm ci` runs it as
 * well.
 */
import { join } from 'node:path';
import { buildBundles, folders } from './build.ts';

await buildBundles(join(import.meta.dirname, '../..'));
process.stdout.write(`built ${Object.values(folders).join(' and ')}\n`);

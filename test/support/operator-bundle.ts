/**
 * Global setup of the suites on a real control plane: bundles the operator once. A start of the bundle costs a third of the
 * CPU time of a start from sources, and one run of the tests starts about 200.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleOperator } from '../../tools/bundle/operator.ts';
import type { StartOptions } from '../../tools/operator-process.ts';

/** Path of the bundle, for the processes in which the tests run. */
const variable = 'ACCESSKEY_TEST_OPERATOR';
const root = join(import.meta.dirname, '../..');

/** Several projects of one run share the bundle. @returns a function that removes it */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env[variable] !== undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'accesskey-operator-bundle-'));
  await bundleOperator(root, folder);
  process.env[variable] = join(folder, 'main.js');
  return () => rm(folder, { recursive: true, force: true });
}

/** @returns how to start the bundle; outside of these suites, the sources are started */
export function bundledOperator(): StartOptions {
  const program = process.env[variable];
  return program === undefined ? {} : { program };
}

/**
 * Builds the programs that the tests need, because tests show no progress and have time limits. The next call only finds
 * them in the cache.
 */
import { locatePrograms } from '../go-programs/locate.ts';
import {
  controlPlanePrograms,
  dexPrograms,
  gitleaksPrograms,
  gitopsPrograms,
  helmPrograms,
  nodePrograms,
  oauth2ProxyPrograms,
  type ProgramSet,
} from '../go-programs/program-sets.ts';

const sets: readonly ProgramSet<string>[] = [
  controlPlanePrograms,
  helmPrograms,
  gitopsPrograms,
  dexPrograms,
  oauth2ProxyPrograms,
  gitleaksPrograms,
];

try {
  for (const set of sets) await locatePrograms(set);
  // Nodes run only on Linux.
  if (process.platform === 'linux') await locatePrograms(nodePrograms);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}

/** Builds what is missing of the control plane, so that tests do not seem to stand still meanwhile. */
import { locateBinaries } from './binaries.ts';

try {
  await locateBinaries();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

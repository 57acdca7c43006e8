/** Runs a kind cluster with one node until SIGTERM, for kind.test.ts. */
import { startKind } from '../../../tools/kind/kind.ts';

const log = (line: string) => process.stderr.write(`${line}\n`);
const name = `accesskey-machine-${process.pid}`;
const { stop } = await startKind({ name, workers: 0, image: process.env.E2E_KIND_IMAGE, log });
process.once('SIGTERM', () => void stop());
process.stdout.write('Ready\n');

/** Starts a kind cluster, reports that it is ready, and waits for SIGTERM. */
import { startKind } from '../../../../../tools/kind/kind.ts';

const name = `accesskey-guarded-${process.pid}`;
const { stop } = await startKind({ name, workers: 0, log: () => undefined });
process.once('SIGTERM', () => void stop());
process.stdout.write('Ready\n');

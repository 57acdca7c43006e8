import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { promisify } from 'node:util';

/** Name and row of `openssl speed` for the signatures of each algorithm. */
const speeds = {
  RS256: { name: 'rsa2048', row: /^rsa +2048 bits\s+\S+s\s+\S+s\s+(\S+)/m },
  ES256: { name: 'ecdsap256', row: /^ *256 bits ecdsa \(nistp256\)\s+\S+s\s+\S+s\s+(\S+)/m },
  Ed25519: { name: 'ed25519', row: /^ *253 bits EdDSA \(Ed25519\)\s+\S+s\s+\S+s\s+(\S+)/m },
} as const;

/** Algorithm of the tokens. */
export type BenchAlgorithm = keyof typeof speeds;

export const benchAlgorithms = Object.keys(speeds) as BenchAlgorithm[];

/** Measures the signatures per second of OpenSSL, an upper limit for any server that issues such tokens. */
export async function signaturesPerSecond(algorithm: BenchAlgorithm, cores: number): Promise<number> {
  const { name, row } = speeds[algorithm];
  const args = ['speed', '-seconds', '3', '-multi', String(cores), name];
  const { stdout } = await promisify(execFile)('openssl', args);
  const rate = row.exec(stdout)?.[1];
  if (rate === undefined) throw new Error(`openssl speed printed no rate:\n${stdout}`);
  return Number(rate);
}

/** Returns the CPU time of the whole machine since boot, seconds. */
export function machineCpuSeconds(): number {
  const milliseconds = cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  return milliseconds / 1000;
}

import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { promisify } from 'node:util';

/** Measures the RSA-2048 signatures per second of OpenSSL, an upper limit for any server that issues RS256 tokens. */
export async function signaturesPerSecond(cores: number): Promise<number> {
  const args = ['speed', '-seconds', '3', '-multi', String(cores), 'rsa2048'];
  const { stdout } = await promisify(execFile)('openssl', args);
  const rate = /^rsa +2048 bits\s+\S+s\s+\S+s\s+(\S+)/m.exec(stdout)?.[1];
  if (rate === undefined) throw new Error(`openssl speed printed no rate:\n${stdout}`);
  return Number(rate);
}

/** Returns the CPU time of the whole machine since boot, seconds. */
export function machineCpuSeconds(): number {
  const milliseconds = cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  return milliseconds / 1000;
}

import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { promisify } from 'node:util';

/** The RSA signatures that OpenSSL makes with 2048 bits on so many cores: what no server of RS256 tokens can pass. */
export async function signaturesPerSecond(cores: number): Promise<number> {
  const args = ['speed', '-seconds', '3', '-multi', String(cores), 'rsa2048'];
  const { stdout } = await promisify(execFile)('openssl', args);
  const rate = /^rsa +2048 bits\s+\S+s\s+\S+s\s+(\S+)/m.exec(stdout)?.[1];
  if (rate === undefined) throw new Error(`openssl said no rate:\n${stdout}`);
  return Number(rate);
}

/** CPU time of the whole machine since it started, seconds. */
export function busySeconds(): number {
  const milliseconds = cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  return milliseconds / 1000;
}

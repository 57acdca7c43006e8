import { readFile } from 'node:fs/promises';
import { isAhead } from '../../kube/time.ts';
import { unverifiedClaims } from '../token/response.ts';
import type { Validity } from './schedule.ts';

/**
 * Reads when a token that an earlier run has left in the file was issued and expires. The signature is not verified:
 * the times only decide whether the file counts as ready until the first response.
 *
 * @param now milliseconds since the epoch
 * @returns undefined if the file does not exist or contains no token with these times, or one from the future: then a clock
 * was ahead, so it is unknown when the token expires
 */
export async function readStoredValidity(file: string, now: number): Promise<Validity | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const { iat, exp } = unverifiedClaims(text) ?? {};
  if (!isTime(iat) || !isTime(exp) || isAhead(iat * 1000, now)) return undefined;
  return { obtainedAt: iat * 1000, expiresAt: exp * 1000 };
}

/** Whether a value is a time that can be written in RFC 3339, seconds. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && !Number.isNaN(new Date(value * 1000).getTime());
}

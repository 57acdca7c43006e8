/** Reads the flags that describe a key pair; pure. The API server checks the values again. */
import { InvalidArgumentError } from 'commander';
import { noOverlap } from '../../accesskey/change/edit-pairs.ts';
import type { KeyPairSpec } from '../../accesskey/model/access-key-record.ts';
import { formatTime, parseEnteredTime } from '../../accesskey/model/time.ts';
import { dayMs, durationMs } from '../../kube/duration.ts';

/** Parsed flags of `create`. */
export interface PairFlags {
  /** RFC 3339 */
  expires?: string;
  rotateEvery?: string;
  overlap?: string;
  tokenLifetime?: string;
  allowFrom?: string[];
  description?: string;
  secretName?: string;
}

const hoursOfDay = 24;

/**
 * Parser of a flag.
 *
 * @returns the duration as in the spec, in hours, minutes and seconds; days become hours
 * @throws InvalidArgumentError
 */
export function parseDuration(text: string): string {
  const [, days] = /^(\d{1,4})d$/.exec(text) ?? [];
  if (days !== undefined) return `${Number(days) * hoursOfDay}h`;
  if (/^0[hms]?$/.test(text)) return noOverlap;
  if (durationMs(text) > 0) return text;
  throw new InvalidArgumentError('Must be a duration in days, or in hours, minutes and seconds, such as 30d or 1h30m.');
}

/**
 * @param text a duration from now, a day (its end in UTC) or a time (RFC 3339)
 * @param now milliseconds since the epoch
 * @returns RFC 3339, whole seconds
 * @throws InvalidArgumentError
 */
export function parseExpiry(text: string, now: number): string {
  const time = timeIn(text, now);
  if (time === undefined)
    throw new InvalidArgumentError('Must be a duration or a time, such as 90d, 2030-12-31 or 2030-12-31T12:00:00Z.');
  if (time <= now) throw new InvalidArgumentError('Must be in the future.');
  return formatTime(time);
}

function timeIn(text: string, now: number): number | undefined {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return parseEnteredTime(`${text}T23:59:59Z`);
  if (/^\d{4}-\d{2}-\d{2}T/i.test(text)) return parseEnteredTime(text);
  const [, days] = /^(\d{1,5})d$/.exec(text) ?? [];
  const ms = days === undefined ? durationMs(text) : Number(days) * dayMs;
  return ms > 0 ? now + ms : undefined;
}

/** @returns the key pair that the flags describe */
export function pairOfFlags(name: string, flags: PairFlags): KeyPairSpec {
  const { expires, rotateEvery, overlap, tokenLifetime, allowFrom, description, secretName } = flags;
  const rotation = {
    ...(rotateEvery !== undefined && { interval: rotateEvery }),
    ...(overlap !== undefined && { overlap }),
  };
  return {
    name,
    ...(description !== undefined && { description }),
    ...(expires !== undefined && { expiresAt: expires }),
    ...(Object.keys(rotation).length > 0 && { rotation }),
    ...(tokenLifetime !== undefined && { tokenLifetime }),
    ...(allowFrom !== undefined && { allowedCIDRs: allowFrom as NonNullable<KeyPairSpec['allowedCIDRs']> }),
    ...(secretName !== undefined && { secret: { name: secretName } }),
  };
}

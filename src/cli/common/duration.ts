/** Flags with durations. */
import { InvalidArgumentError } from 'commander';
import { durationMs } from '../../accesskey/model/time.ts';

/** Longer ones end immediately: timers of Node.js have 31 bits of milliseconds, 596.5 hours. */
const maxHours = 596;

/**
 * Parser of a flag with a time limit.
 *
 * @returns the text, of which `durationMs` returns the milliseconds
 * @throws InvalidArgumentError
 */
export function parseTimeLimit(text: string): string {
  const ms = durationMs(text);
  if (ms > 0 && ms <= durationMs(`${maxHours}h`)) return text;
  throw new InvalidArgumentError(
    `Must be a duration in hours, minutes and seconds, such as 30s or 1m30s, at most ${maxHours}h.`,
  );
}

/**
 * Parser of `--request-timeout`, which like that of kubectl can be a number of seconds, or 0 for no limit.
 *
 * @returns the text, of which `durationMs` returns the milliseconds; 0 for no limit
 * @throws InvalidArgumentError
 */
export function parseRequestTimeout(text: string): string {
  const duration = /^\d+$/.test(text) ? `${text}s` : text;
  return /^0+[hms]$/.test(duration) ? '0s' : parseTimeLimit(duration);
}

/** Flags with durations. */
import { InvalidArgumentError } from 'commander';
import { durationMs } from '../../accesskey/model/time.ts';

/**
 * Parser of a flag with a time limit.
 *
 * @returns the text, of which `durationMs` returns the milliseconds
 * @throws InvalidArgumentError
 */
export function parseTimeLimit(text: string): string {
  if (durationMs(text) > 0) return text;
  throw new InvalidArgumentError('Must be a duration in hours, minutes and seconds, such as 30s or 1m30s.');
}

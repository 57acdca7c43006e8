/** The flag `--lifetime` (pure). */
import { dayMs, durationMs } from '../../kube/duration.ts';
import { TokenError } from '../token/token-error.ts';

/** The validity that the platform accepts, days. */
const maxDays = 30;

/**
 * Reads the value of `--lifetime`: a duration in days, hours, minutes and seconds.
 *
 * @returns whole days, because a request cannot ask for another validity
 * @throws TokenError for other than 1 to 30 whole days
 */
export function parseLifetime(text: string): number {
  const [, days = 0, rest = ''] = /^(?:(\d{1,4})d)?(.*)$/.exec(text) ?? [];
  const restMs = durationMs(rest);
  const total = Number(days) + restMs / dayMs;
  const isDuration = total > 0 && (rest === '' || restMs > 0 || /^0+[hms]$/.test(rest));
  if (!isDuration) throw invalidLifetime('must be a duration, for example 3d or 72h');
  if (Number.isInteger(total) && total <= maxDays) return total;
  throw invalidLifetime(`the server issues tokens for whole days, from 1d to ${maxDays}d`, {
    hint: 'For a shorter validity, leave out --lifetime and set tokenLifetime of the key pair, as `kubectl accesskey create --token-lifetime 12h` does.',
  });
}

function invalidLifetime(message: string, options: { hint?: string } = {}): TokenError {
  return new TokenError('usage', `--lifetime: ${message}`, options);
}

/** Flags with durations. */
import { InvalidArgumentError } from 'commander';
import { durationMs } from '../../kube/duration.ts';

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

/** Units of Go's time.ParseDuration, milliseconds. */
const goUnits = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 1e-3, µs: 1e-3, μs: 1e-3, ns: 1e-6 } as const;
const goDuration = /^(?:(?:\d+\.?\d*|\.\d+)(?:h|ms?|s|[uµμ]s|ns))+$/;
const goPart = /([\d.]+)([^\d.]+)/g;

/**
 * Parser of `--request-timeout`, which like that of kubectl can be a number of seconds, a duration of Go, or 0 for no limit.
 *
 * @returns milliseconds; 0 for no limit
 * @throws InvalidArgumentError
 */
export function parseRequestTimeout(text: string): number {
  const duration = /^\d+$/.test(text) ? `${text}s` : text;
  const parts = [...(goDuration.test(duration) ? duration : '').matchAll(goPart)];
  const ms = parts.reduce((sum, [, count, unit]) => sum + Number(count) * goUnits[unit as keyof typeof goUnits], 0);
  if (parts.length > 0 && ms <= durationMs(`${maxHours}h`)) return Math.ceil(ms);
  throw new InvalidArgumentError(
    `Must be a duration in hours, minutes, seconds and milliseconds, such as 30s or 500ms, at most ${maxHours}h.`,
  );
}

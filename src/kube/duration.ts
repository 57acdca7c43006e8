/** Durations as the CRD and the configuration have them. Pure. */

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** Hours, minutes and seconds in the format of Go's time.Duration, for example `720h` or `1h30m`. */
export const durationPattern = /^(?=.)(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/;

/** @returns milliseconds; 0 for an absent or invalid duration */
export function durationMs(text: string | undefined): number {
  const match = durationPattern.exec(text ?? '');
  if (!match) return 0;
  const [, hours = 0, minutes = 0, seconds = 0] = match;
  return Number(hours) * hourMs + Number(minutes) * minuteMs + Number(seconds) * secondMs;
}

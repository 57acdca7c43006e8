/** How far ahead of ours another replica's clock may be, milliseconds. */
const skewMs = 300_000;

/**
 * Whether a time that was noted as past cannot be: a clock was ahead when it was noted, here or at another replica.
 * Whatever waits for such a time would wait for as long as the clock was ahead.
 *
 * @param time and now: milliseconds since the epoch
 */
export function isAhead(time: number, now: number): boolean {
  return time > now + skewMs;
}

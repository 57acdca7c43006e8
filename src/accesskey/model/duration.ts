const units = { h: 3_600_000, m: 60_000, s: 1000 } as const;
const form = /^(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/;

/**
 * Reads a duration as the CRD's schema lets it through: hours, minutes and seconds in the form of Go's time.Duration,
 * for example `720h` or `1h30m`.
 *
 * @returns milliseconds; 0 for an absent duration and for what is none
 */
export function durationMs(text: string | undefined): number {
  const match = form.exec(text ?? '');
  if (!match) return 0;
  const [, hours = 0, minutes = 0, seconds = 0] = match;
  return Number(hours) * units.h + Number(minutes) * units.m + Number(seconds) * units.s;
}

/** A time as the Kubernetes API writes it (metav1.Time): RFC 3339 in UTC, whole seconds, rounded down. */
export function rfc3339(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

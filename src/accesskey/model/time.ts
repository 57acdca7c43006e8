/** @returns milliseconds since the epoch; undefined for an absent or invalid time */
export function parseTime(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : time;
}

/** Hours and minutes of a time or an offset. */
const clock = '(?:[01]\\d|2[0-3]):[0-5]\\d';
const dateTime = new RegExp(`^(\\d{4}-\\d{2}-\\d{2})T${clock}:[0-5]\\d(?:\\.\\d{1,9})?(?:Z|[+-]${clock})$`);

/**
 * Parses a time that a person or a client has entered. Date.parse alone reads 31 February as a day in March, and 24:00 as the
 * next day.
 *
 * @returns milliseconds since the epoch; undefined for other text than RFC 3339 and for a day that does not exist
 */
export function parseEnteredTime(text: string): number | undefined {
  const [upperCase = '', day = ''] = dateTime.exec(text.toUpperCase()) ?? [];
  const midnight = parseTime(`${day}T00:00:00Z`);
  if (midnight === undefined || !new Date(midnight).toISOString().startsWith(day)) return undefined;
  return parseTime(upperCase);
}

/** 9999-12-31T23:59:59Z, the last second that RFC 3339 can express. */
const lastTime = 253_402_300_799_000;

/**
 * A time as the Kubernetes API writes it (metav1.Time): RFC 3339 in UTC, rounded down to whole seconds. A time outside the
 * years that the format has is replaced with the nearest one, because the API server would reject the whole status.
 */
export function formatTime(milliseconds: number): string {
  return `${new Date(Math.min(Math.max(milliseconds, 0), lastTime)).toISOString().slice(0, 19)}Z`;
}

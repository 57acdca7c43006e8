/**
 * Zero values of proto3: what protojson emits for a field that is not set
 * (https://protobuf.dev/programming-guides/json/, EmitUnpopulated). An unset scalar cannot be told from its zero value.
 *
 * A value of another type counts as unset: a registered cluster can send anything, and what it sends is shown to others.
 */

/** JSON from the API server holds null where Go has a nil pointer or a zero metav1.Time. */
type Unset = null | undefined;

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** `value`, or "". */
export const text = (value: string | Unset): string => (typeof value === 'string' ? value : '');

/** `value`, or 0. */
export const int32 = (value: number | Unset): number => (typeof value === 'number' ? value : 0);

/** `value`, or false. */
export const flag = (value: boolean | Unset): boolean => value === true;

/** `value`, or {}. Not copied. */
export const map = (value: Record<string, string> | Unset): Record<string, string> => value ?? {};

/** Each element of `values` by `project`, or []. */
export function list<T, R>(values: readonly T[] | Unset, project: (value: T) => R): R[] {
  return values?.map((value) => project(value)) ?? [];
}

/** `values`, or []. Not copied. */
export const strings = (values: string[] | Unset): string[] => values ?? [];

/** `value` by `project`, or null. */
export function message<T, R>(value: T | Unset, project: (value: T) => R): R | null {
  return value === null || value === undefined ? null : project(value);
}

/** A whole number as protojson writes an int64: a decimal string, held within the range of the type; "0" when unset. */
export function int64(value: number | bigint | Unset): string {
  if (typeof value === 'bigint') return clamp(value).toString();
  return Number.isFinite(value) ? clamp(BigInt(Math.trunc(value ?? 0))).toString() : '0';
}

function clamp(value: bigint): bigint {
  if (value > INT64_MAX) return INT64_MAX;
  return value < INT64_MIN ? INT64_MIN : value;
}

/**
 * A metav1.Time (RFC 3339, whole seconds) as Unix seconds in an int64; "0" when unset or not a time.
 *
 * The kpanda API gives the field the type int64 and no unit. Seconds are the resolution of metav1.Time and the unit of
 * `time.Time.Unix()` and of protobuf's Timestamp.
 */
export const seconds = (time: string | Unset): string => int64(Math.floor(Date.parse(text(time)) / 1000));

/** A Kubernetes IntOrString as a string, "" when unset. */
export const intOrString = (value: number | string | Unset): string =>
  typeof value === 'number' ? value.toString() : text(value);

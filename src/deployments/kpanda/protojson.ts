/**
 * Field types of the kpanda API, as protojson writes them (https://protobuf.dev/programming-guides/json/): the schema of
 * each type, and the conversion of a Kubernetes value to it. An unset field has its zero value (EmitUnpopulated), which
 * cannot be distinguished from the same value set explicitly.
 *
 * A value of the wrong type counts as unset, because a registered cluster can send anything.
 */
import { z } from '@hono/zod-openapi';

/** A 32-bit integer: a JSON number, 0 if unset. */
export const Int32 = z
  .number()
  .int()
  .min(-(2 ** 31))
  .max(2 ** 31 - 1)
  .openapi({ format: 'int32' });

/** A 64-bit integer: a decimal string, because a JSON number would lose digits; "0" if unset. */
export const Int64 = z
  .string()
  .regex(/^(0|-?[1-9]\d{0,18})$/)
  .openapi({ format: 'int64' });

/** A map of strings, {} if unset. */
export const StringMap = z.record(z.string(), z.string());

/** A list of strings, [] if unset. */
export const StringList = z.array(z.string());

/** A message, null if unset. A union, because `.nullable()` would make the OpenAPI component itself nullable. */
export function orNull<T extends z.ZodType>(message: T) {
  return z.union([message, z.null()]);
}

/** The API server sends null for a nil pointer or a zero metav1.Time. */
type Unset = null | undefined;

const maxInt64 = 2n ** 63n - 1n;
const minInt64 = -(2n ** 63n);

/** `value`, or "". */
export function text(value: string | Unset): string {
  return typeof value === 'string' ? value : '';
}

/** `value`, or 0. */
export function int32(value: number | Unset): number {
  return typeof value === 'number' && (value | 0) === value ? value : 0;
}

/** `value`, or false. */
export function flag(value: boolean | Unset): boolean {
  return value === true;
}

/** `value`, or {}. Not copied. */
export function map(value: Record<string, string> | Unset): Record<string, string> {
  return isStringMap(value) ? value : noStrings;
}

/** Shared, to save memory. */
const noStrings: Record<string, string> = {};

function isStringMap(value: unknown): value is Record<string, string> {
  if (!isMessage(value)) return false;
  for (const key in value) if (typeof (value as Record<string, unknown>)[key] !== 'string') return false;
  return true;
}

/** `values`, or []. Elements that are no messages are left out. */
export function messages<T>(values: readonly T[] | Unset): readonly T[] {
  const all: readonly T[] = Array.isArray(values) ? values : [];
  return all.every(isMessage) ? all : all.filter(isMessage);
}

/** Each message of `values`, projected; or []. */
export function list<T, R>(values: readonly T[] | Unset, project: (value: T) => R): R[] {
  return messages(values).map((value) => project(value));
}

/** `values`, or []. Not copied. */
export function strings(values: string[] | Unset): string[] {
  return Array.isArray(values) && values.every((value) => typeof value === 'string') ? values : [];
}

/** `value`, projected; or null. */
export function message<T, R>(value: T | Unset, project: (value: T) => R): R | null {
  return isMessage(value) ? project(value) : null;
}

function isMessage<T>(value: T | Unset): value is T & object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An integer as a decimal string, clamped to the range of an int64; "0" if unset. */
export function int64(value: number | bigint | Unset): string {
  if (typeof value === 'bigint') return clamp(value).toString();
  return Number.isFinite(value) ? clamp(BigInt(Math.trunc(value ?? 0))).toString() : '0';
}

function clamp(value: bigint): bigint {
  if (value > maxInt64) return maxInt64;
  return value < minInt64 ? minInt64 : value;
}

/**
 * A metav1.Time (RFC 3339, whole seconds) as Unix seconds in an int64; "0" if unset or not a time.
 *
 * The kpanda API defines the type of the field, but no unit. metav1.Time has a resolution of seconds, and `time.Time.Unix()`
 * and protobuf's Timestamp use seconds.
 */
export function seconds(time: string | Unset): string {
  return int64(Math.floor(Date.parse(text(time)) / 1000));
}

/** A Kubernetes IntOrString as a string, "" if unset. */
export function intOrString(value: number | string | Unset): string {
  return typeof value === 'number' ? value.toString() : text(value);
}

import { z } from '@hono/zod-openapi';

/** @returns the problem of a parameter that is not a single text */
export function problemOf(issue: { input?: unknown }): string {
  if (issue.input === undefined) return 'is required';
  return Array.isArray(issue.input) ? 'must be given only once' : 'must be text';
}

/** Represents a repeated parameter: a list, which {@link problemOf} recognizes and no length rule rejects. */
const repeated: readonly unknown[] = Object.freeze([null]);

/**
 * Collects parameters from all sources for validation with the schemas below. A repeated parameter becomes a list, which no
 * schema accepts. Its values are dropped, so the cost is linear in the number of entries.
 */
export function gather(entries: Iterable<readonly [string, unknown]>): Record<string, unknown> {
  // Without a prototype, so that a parameter can be named __proto__.
  const gathered: Record<string, unknown> = Object.create(null);
  for (const [name, value] of entries) {
    gathered[name] = name in gathered ? repeated : value;
  }
  return gathered;
}

/** A required, non-empty parameter. */
export function requiredText(description: string, example: string) {
  return z
    .string({ error: problemOf })
    .min(1, 'must not be empty')
    .max(256, 'must be 256 characters at most')
    .openapi({ description, example });
}

/** An optional parameter; default: empty. */
export function optionalText(description: string, example: string) {
  return z
    .string({ error: problemOf })
    .max(256, 'must be 256 characters at most')
    .default('')
    .openapi({ description, example });
}

/** An optional parameter without a default. Its example is empty, because Swagger UI sends examples. */
export function selectedText(description: string) {
  const text = z.string({ error: problemOf }).max(256, 'must be 256 characters at most').optional();
  return unsetIfEmpty(text).openapi({ description, type: 'string', maxLength: 256, example: '' });
}

/**
 * Makes an empty value of an optional parameter mean "not set", as in the gateway of the platform.
 *
 * @param schema accepts undefined
 */
export function unsetIfEmpty<S extends z.ZodType>(schema: S) {
  return z.preprocess((value) => (value === '' ? undefined : value), schema);
}

interface Range {
  min: number;
  max: number;
}

/** Accepts a whole number in a range, in decimal digits. */
function numberIn(range: Range) {
  const rule = `must be a whole number from ${range.min} to ${range.max}`;
  return z
    .string({ error: (issue) => (Array.isArray(issue.input) ? 'must be given only once' : rule) })
    .regex(/^[0-9]{1,10}$/, rule)
    .transform(Number)
    .refine((value) => value >= range.min && value <= range.max, rule);
}

const described = (description: string, { min, max }: Range) =>
  ({ description, type: 'integer', minimum: min, maximum: max }) as const;

/** An optional whole number with a default. */
export function wholeNumber(description: string, range: Range & { default: number }) {
  const number = unsetIfEmpty(numberIn(range).default(range.default));
  return number.openapi({ ...described(description, range), default: range.default });
}

/** An optional whole number. */
export function optionalWholeNumber(description: string, range: Range) {
  return unsetIfEmpty(numberIn(range).optional()).openapi(described(description, range));
}

/** An optional parameter with fixed values. */
export function oneOf<V extends string>(description: string, values: readonly V[]) {
  const rule = `must be one of ${values.join(', ')}`;
  const value = z
    .enum(values, { error: (issue) => (Array.isArray(issue.input) ? 'must be given only once' : rule) })
    .optional();
  return unsetIfEmpty(value).openapi({ description });
}

/** A filter of the platform that this API cannot apply. It is rejected, because ignoring it would return too much. */
export function unsupported(reason: string) {
  const filter = z.string({ error: problemOf }).regex(/^$/, `not supported: ${reason}`).optional();
  return filter.openapi({ description: `Must be empty: ${reason}` });
}

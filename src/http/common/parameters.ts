import { z } from '@hono/zod-openapi';

/** Says of a parameter that it is missing, or there more than once. */
export function problemOf(issue: { input?: unknown }): string {
  if (issue.input === undefined) return 'is required';
  return Array.isArray(issue.input) ? 'must be given only once' : 'must be text';
}

/** Stands for the values of a repeated parameter: a list, which {@link problemOf} recognizes and no length rule rejects. */
const repeated: readonly unknown[] = Object.freeze([null]);

/**
 * Collects parameters from all their sources for a schema of this file. A repeated parameter becomes a list, which no schema
 * of this file accepts. Its values are not kept, so the cost is linear in the number of entries.
 */
export function gather(entries: Iterable<readonly [string, unknown]>): Record<string, unknown> {
  // Without a prototype, so that a parameter may be called __proto__.
  const gathered: Record<string, unknown> = Object.create(null);
  for (const [name, value] of entries) {
    gathered[name] = name in gathered ? repeated : value;
  }
  return gathered;
}

/** A query parameter that must be there once and not be empty. */
export function requiredText(description: string, example: string) {
  return z
    .string({ error: problemOf })
    .min(1, 'must not be empty')
    .max(256, 'must be 256 characters at most')
    .openapi({ description, example });
}

/** A query parameter that may be there once; absent it is empty, which means the same. */
export function optionalText(description: string, example: string) {
  return z
    .string({ error: problemOf })
    .max(256, 'must be 256 characters at most')
    .default('')
    .openapi({ description, example });
}

/**
 * A query parameter that is a whole number in a range, in decimal digits and nothing else.
 *
 * @returns a schema of number; the default when the parameter is absent (an empty one is an error)
 */
export function wholeNumber(description: string, range: { min: number; max: number; default: number }) {
  const rule = `must be a whole number from ${range.min} to ${range.max}`;
  return z
    .string({ error: (issue) => (Array.isArray(issue.input) ? 'must be given only once' : rule) })
    .regex(/^[0-9]{1,10}$/, rule)
    .transform(Number)
    .refine((value) => value >= range.min && value <= range.max, rule)
    .default(range.default)
    .openapi({
      description,
      type: 'integer',
      minimum: range.min,
      maximum: range.max,
      default: range.default,
    });
}

/**
 * A query parameter that is one of some words.
 *
 * @returns a schema of the word; undefined when the parameter is absent (an empty one is an error)
 */
export function oneOf<W extends string>(description: string, words: readonly W[]) {
  const rule = `must be one of ${words.join(', ')}`;
  return z
    .enum(words, { error: (issue) => (Array.isArray(issue.input) ? 'must be given only once' : rule) })
    .optional()
    .openapi({ description });
}

import type { MiddlewareHandler } from 'hono';
import { violation } from './errors.ts';

/** Maximum number of parameters in a query or a form. It bounds the CPU time of a single request. */
export const maxParameters = 1_000;

/** @throws PlatformError 400 @param field where the parameters are, for the message */
export function requireFewParameters(count: number, field: 'body' | 'query'): void {
  if (count > maxParameters) throw violation(field, `must have ${maxParameters} parameters at most`);
}

/** @returns the number of parameters in a form or query, without parsing it */
export function countParameters(text: string): number {
  let count = 1;
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1)) count += 1;
  return count;
}

/**
 * Rejects a query with too many parameters, or one that is not percent-encoded UTF-8: Hono decodes it piece by piece, at
 * the cost of an exception each.
 */
export function limitQuery(): MiddlewareHandler {
  return async (context, next) => {
    const { url } = context.req;
    const start = url.indexOf('?');
    if (start < 0) return next();
    const query = url.slice(start);
    requireFewParameters(countParameters(query), 'query');
    if (query.includes('%') && !isDecodable(query)) throw violation('query', 'must be percent-encoded UTF-8');
    return next();
  };
}

/** Whether a text is percent-encoded UTF-8. */
export function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

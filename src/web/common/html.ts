/** HTML by `hono/html`: whatever stands in a template is escaped, unless it is HTML of another template. */
import { html, raw } from 'hono/html';

export { html };

/** A piece of a page. */
export type Html = ReturnType<typeof html>;

/** An attribute without a value, such as `checked`, or nothing. */
export function attribute(name: 'checked' | 'disabled' | 'selected' | 'required' | 'open', isThere: boolean) {
  return isThere ? raw(name) : '';
}

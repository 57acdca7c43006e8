import { formEntries, formType, readBody } from '../http/body.ts';
import type { PageContext } from './environment.ts';
import { RefusedError } from './refused-error.ts';

/** The fields of a form that was sent. */
export interface Form {
  /** The value, without blanks around it; undefined when it is empty or not there. */
  text(name: string): string | undefined;
  all(name: string): string[];
}

/**
 * Reads the form of a request.
 *
 * @throws PlatformError when it is none; RefusedError when a field is there twice that is wanted once
 */
export async function readForm(context: PageContext): Promise<Form> {
  const entries = formEntries((await readBody(context.req, [formType])).text);
  const all = (name: string) => entries.filter(([one]) => one === name).map(([, value]) => value.trim());
  return {
    all,
    text(name) {
      const [value, ...others] = all(name);
      if (others.length > 0) throw new RefusedError('refusedValue', {}, 400);
      return value === '' ? undefined : value;
    },
  };
}

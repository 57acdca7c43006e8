import type { HonoRequest } from 'hono';
import { formEntries, formType, readBody } from '../../http/common/body.ts';
import { ConsoleError } from './console-error.ts';

/** The fields of a submitted form. */
export interface Form {
  /** @returns the trimmed value of a field, or undefined if it is missing or empty */
  text(name: string): string | undefined;
  /** @returns the trimmed values of a repeated field */
  all(name: string): string[];
}

/**
 * Reads the form in the body of a request.
 *
 * @throws PlatformError if the body is not a form; `text` throws ConsoleError if the field is repeated
 */
export async function readForm(request: HonoRequest): Promise<Form> {
  const entries = formEntries((await readBody(request, [formType])).text);
  const all = (name: string) => entries.filter(([key]) => key === name).map(([, value]) => value.trim());
  return {
    all,
    text(name) {
      const [value, ...others] = all(name);
      if (others.length > 0) throw new ConsoleError('rejectedValue', {}, 400);
      return value === '' ? undefined : value;
    },
  };
}

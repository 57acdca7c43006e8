import type { HonoRequest } from 'hono';
import { formEntries, formType, readBody } from '../../http/common/body.ts';
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
export async function readForm(request: HonoRequest): Promise<Form> {
  const entries = formEntries((await readBody(request, [formType])).text);
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

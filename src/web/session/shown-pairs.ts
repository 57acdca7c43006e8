import { randomBytes } from 'node:crypto';
import type { Context } from 'hono';
import { z } from 'zod';
import { createSealedCookie, type SealedCookieOptions } from './sealed-cookie.ts';

/** The forms that are kept; more would not fit into a cookie. */
const maxForms = 8;
const daySeconds = 86_400;

const schema = z
  .array(
    z.strictObject({
      /** ID of the form that was submitted. */
      form: z.string(),
      /** Name of the pair that it created or rotated. */
      pair: z.string(),
    }),
  )
  .max(maxForms);

/**
 * Records which forms have created or rotated a pair, in the browser. Submitting one of them again, as a browser does when
 * its response is reloaded, must neither repeat the change nor report an error.
 */
export interface ShownPairs {
  /** @returns the name of the pair that the form has created or rotated, if any */
  find(context: Context, form: string | undefined): Promise<string | undefined>;
  record(context: Context, form: string | undefined, pair: string): Promise<void>;
}

export function createShownPairs(
  options: Pick<SealedCookieOptions<unknown>, 'secure' | 'sessionKeys' | 'now'>,
): ShownPairs {
  const cookie = createSealedCookie({ ...options, name: 'accesskey-shown', schema, seconds: daySeconds });
  return {
    async find(context, form) {
      const recorded = form === undefined ? undefined : await cookie.read(context);
      return recorded?.find((one) => one.form === form)?.pair;
    },
    async record(context, form, pair) {
      if (form === undefined || !isFormId(form)) return;
      const others = ((await cookie.read(context)) ?? []).filter((one) => one.form !== form);
      await cookie.write(context, [...others, { form, pair }].slice(-maxForms));
    },
  };
}

/** Name of the hidden field with the ID of a form. */
export const formIdField = 'form_id';

export function createFormId(): string {
  return randomBytes(12).toString('base64url');
}

function isFormId(text: string): boolean {
  return /^[\w-]{16}$/.test(text);
}

import { randomBytes } from 'node:crypto';
import type { Context } from 'hono';
import { z } from 'zod';
import { createSealedCookie, type SealedCookieOptions } from '../session/sealed-cookie.ts';
import { type Ticket, ticketSchema } from './ticket.ts';

/** The forms that are kept, and those of them with a ticket; more with long names would not fit into a cookie. */
const maxForms = 8;
const maxTickets = 2;
const daySeconds = 86_400;

const schema = z
  .array(
    z.strictObject({
      /** ID of the form that was submitted. */
      form: z.string(),
      /** Name of the pair that it created or rotated. */
      pair: z.string(),
      /** Shows the pair; undefined once it was shown. */
      ticket: ticketSchema.optional(),
    }),
  )
  .max(maxForms);

/** A form that has created or rotated a pair. */
export type SubmittedForm = z.infer<typeof schema>[number];

/**
 * Records which forms have created or rotated a pair, in the browser, and whether the pair was shown. Submitting one of
 * them again, as a browser does when its response is reloaded, must neither repeat the change nor report an error.
 */
export interface ShownPairs {
  find(context: Context, form: string | undefined): Promise<SubmittedForm | undefined>;
  /** @returns the tickets of the pairs that were not shown yet */
  pendingTickets(context: Context): Promise<Ticket[]>;
  /**
   * Records that the form has requested a pair that was not shown yet. If another form requested it, that form gets the
   * new ticket.
   */
  recordRequest(context: Context, form: string | undefined, ticket: Ticket): Promise<void>;
  /** Records that the response to the form shows the pair, whichever form has requested it. */
  recordShown(context: Context, form: string | undefined, ticket: Ticket): Promise<void>;
}

export function createShownPairs(
  options: Pick<SealedCookieOptions<unknown>, 'secure' | 'sessionKeys' | 'now'>,
): ShownPairs {
  const cookie = createSealedCookie({ ...options, name: 'accesskey-shown', schema, seconds: daySeconds });
  const recorded = async (context: Context) => (await cookie.read(context)) ?? [];

  async function write(context: Context, forms: SubmittedForm[], added: SubmittedForm): Promise<void> {
    if (!isFormId(added.form)) return;
    const all = [...forms.filter(({ form }) => form !== added.form), added].slice(-maxForms);
    const latest = all.filter(({ ticket }) => ticket).slice(-maxTickets);
    await cookie.write(
      context,
      all.filter((one) => !one.ticket || latest.includes(one)),
    );
  }

  return {
    find: async (context, form) => (await recorded(context)).find((one) => one.form === form),
    pendingTickets: async (context) => (await recorded(context)).flatMap(({ ticket }) => ticket ?? []),
    async recordRequest(context, form = '', ticket) {
      const forms = await recorded(context);
      const earlier = forms.find((one) => one.ticket?.id === ticket.id);
      await write(context, forms, { form: earlier?.form ?? form, pair: ticket.pair, ticket });
    },
    async recordShown(context, form = '', { id, pair }) {
      const forms = (await recorded(context)).map(({ ticket, ...one }) => ({
        ...one,
        ...(ticket?.id !== id && { ticket }),
      }));
      await write(context, forms, { form, pair });
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

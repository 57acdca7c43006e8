import type { Context } from 'hono';
import { readForm } from '../common/form.ts';
import type { SessionKeys } from '../session/session.ts';
import { formIdField, type ShownPairs } from './shown-pairs.ts';
import { openTicket, type Ticket } from './ticket.ts';

/** What a form refers to: a pair that was shown, by its name, or the ticket of one that was not shown yet. */
export interface SubmittedPair {
  pair?: string;
  ticket?: Ticket | undefined;
}

/** @returns what the form of a request refers to: as recorded when it was sent before, or the ticket that it contains */
export async function findSubmittedPair(
  context: Context,
  shownPairs: ShownPairs,
  keys: SessionKeys,
): Promise<SubmittedPair> {
  const submitted = await shownPairs.find(context, await formIdOf(context));
  if (submitted) return submitted;
  const sealed = (await readForm(context.req)).text('ticket');
  return sealed === undefined ? {} : { ticket: await openTicket(sealed, keys) };
}

export async function formIdOf(context: Context): Promise<string | undefined> {
  return (await readForm(context.req)).text(formIdField);
}

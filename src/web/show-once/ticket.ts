import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { open, seal } from '../session/seal.ts';
import type { SessionKeys } from '../session/session.ts';
import type { ExpectedPair } from './await-pair.ts';

/** Lifetime of a ticket, milliseconds. */
const lifetimeMs = 300_000;
/** Limit of used tickets that are kept until they expire. */
const maxUsed = 10_000;

export const ticketSchema = z.strictObject({
  /** Identifies the ticket. Its sealed text does not, because base64url can encode the same bytes in several ways. */
  id: z.string(),
  sessionId: z.string(),
  expiresAt: z.number(),
  namespace: z.string(),
  accessKey: z.string(),
  uid: z.string(),
  pair: z.string(),
  revision: z.number(),
  generation: z.number(),
  /**
   * ak of the session, if it has rotated its own pair: the session can end with that pair before it has seen the new
   * one.
   */
  ownAk: z.string().optional(),
});

/** Allows a session to see a pair that it has just requested, once. */
export type Ticket = z.infer<typeof ticketSchema>;

export interface Tickets {
  issue(expected: ExpectedPair & Pick<Ticket, 'ownAk'>, sessionId: string): Ticket;
  /** @returns the same ticket with a new lifetime */
  renew(ticket: Ticket): Ticket;
  /** Whether the ticket belongs to the session, and is neither expired nor used. */
  isValid(ticket: Ticket, sessionId: string): boolean;
  /**
   * Marks a ticket as used, in this replica.
   *
   * @returns false if a concurrent request has already used it
   */
  use(ticket: Ticket): boolean;
}

export function createTickets(now: () => number): Tickets {
  const used = new LRUCache<string, true>({ max: maxUsed, ttl: lifetimeMs });
  return {
    issue: (expected, sessionId) => ({ ...expected, sessionId, id: randomUUID(), expiresAt: now() + lifetimeMs }),
    renew: (ticket) => ({ ...ticket, expiresAt: now() + lifetimeMs }),
    isValid: ({ id, sessionId: owner, expiresAt }, sessionId) =>
      owner === sessionId && now() < expiresAt && !used.has(id),
    use({ id }) {
      const isFirst = !used.has(id);
      used.set(id, true);
      return isFirst;
    },
  };
}

/** Encrypts a ticket for a page, so that only the server can issue it. */
export function sealTicket(ticket: Ticket, { ticket: key }: SessionKeys): Promise<string> {
  return seal(ticket, key);
}

/** @returns the ticket, or undefined if it was not sealed with these keys */
export async function openTicket(sealed: string, { ticket: key }: SessionKeys): Promise<Ticket | undefined> {
  return ticketSchema.safeParse(await open(sealed, key)).data;
}

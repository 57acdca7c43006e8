import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { open, type SessionKeys, seal } from '../session/session.ts';

/** Lifetime of a ticket, milliseconds. */
const lifetimeMs = 300_000;
/** Limit of used tickets that are kept until they expire. */
const maxUsed = 10_000;

const schema = z.strictObject({
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
});

/** Allows a session to see a pair that it has just requested, once. Encrypted, so that only the server can issue it. */
export type Ticket = z.infer<typeof schema>;

export interface Tickets {
  issue(ticket: Omit<Ticket, 'id' | 'expiresAt'>, keys: SessionKeys): Promise<string>;
  /** @returns the ticket, or undefined if it is used, expired, invalid or issued to another session */
  read(sealed: string, sessionId: string, keys: SessionKeys): Promise<Ticket | undefined>;
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
    issue: (ticket, { ticket: key }) => seal({ ...ticket, id: randomUUID(), expiresAt: now() + lifetimeMs }, key),
    async read(sealed, sessionId, { ticket: key }) {
      const parsed = schema.safeParse(await open(sealed, key));
      if (!parsed.success) return undefined;
      const { id, sessionId: owner, expiresAt } = parsed.data;
      return owner === sessionId && now() < expiresAt && !used.has(id) ? parsed.data : undefined;
    },
    use({ id }) {
      const isFirst = !used.has(id);
      used.set(id, true);
      return isFirst;
    },
  };
}

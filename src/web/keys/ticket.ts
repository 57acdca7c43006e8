import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { open, type SessionKeys, seal } from '../session/session.ts';

/** How long a ticket is good, milliseconds. */
const validMs = 300_000;
/** Bound of remembered tickets: those of five minutes. */
const maxUsed = 10_000;

const schema = z.strictObject({
  /** Names the ticket: its sealed form can be written in several ways, since base64url has bits of no value. */
  id: z.string(),
  sessionId: z.string(),
  expiresAt: z.number(),
  namespace: z.string(),
  accessKey: z.string(),
  pair: z.string(),
  revision: z.number(),
});

/** The right to be shown a pair that the holder has just asked for; encrypted, so that only the server can give it. */
export type Ticket = z.infer<typeof schema>;

export interface Tickets {
  give(ticket: Omit<Ticket, 'id' | 'expiresAt'>, keys: SessionKeys): Promise<string>;
  /** @returns undefined for one that is another session's, has run out or was used up */
  read(sealed: string, sessionId: string, keys: SessionKeys): Promise<Ticket | undefined>;
  /**
   * Uses a ticket up, at this replica.
   *
   * @returns false when it was used up already, by a request that came at the same time
   */
  use(ticket: Ticket): boolean;
}

export function createTickets(now: () => number): Tickets {
  const used = new LRUCache<string, true>({ max: maxUsed, ttl: validMs });
  return {
    give: (ticket, { ticket: key }) => seal({ ...ticket, id: randomUUID(), expiresAt: now() + validMs }, key),
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

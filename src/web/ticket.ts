import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { open, type SessionKeys, seal } from './session.ts';

/** How long a ticket is good, milliseconds. */
const validMs = 300_000;
/** Bound of remembered tickets: those of five minutes. */
const maxUsed = 10_000;

const schema = z.strictObject({
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
  give(ticket: Omit<Ticket, 'expiresAt'>, keys: SessionKeys): Promise<string>;
  /** @returns undefined for one that is another session's, has run out or was used up */
  read(sealed: string, sessionId: string, keys: SessionKeys): Promise<Ticket | undefined>;
  /** Uses a ticket up, at this replica. */
  use(sealed: string): void;
}

export function createTickets(now: () => number): Tickets {
  const used = new LRUCache<string, true>({ max: maxUsed, ttl: validMs });
  return {
    give: (ticket, { ticket: key }) => seal({ ...ticket, expiresAt: now() + validMs }, key),
    async read(sealed, sessionId, { ticket: key }) {
      if (used.has(sealed)) return undefined;
      const parsed = schema.safeParse(await open(sealed, key));
      const isGood = parsed.success && parsed.data.sessionId === sessionId && now() < parsed.data.expiresAt;
      return isGood ? parsed.data : undefined;
    },
    use: (sealed) => void used.set(sealed, true),
  };
}

import type { Context } from 'hono';
import { z } from 'zod';
import { createSealedCookie, type SealedCookieOptions } from './sealed-cookie.ts';

/** The messages that the next page can show. */
const kinds = [
  'doneEnabled',
  'doneDisabled',
  'doneDeleted',
  'doneEdited',
  'doneRevoked',
  'sessionEnded',
  'signedOut',
] as const;

const schema = z.strictObject({
  key: z.enum(kinds),
  /** Name of the pair that it is about. */
  pair: z.string().optional(),
});

/** A message that the next page shows once. */
export type FlashMessage = z.infer<typeof schema>;

export interface Flash {
  write(context: Context, message: FlashMessage): Promise<void>;
  /** @returns the message, and removes it */
  take(context: Context): Promise<FlashMessage | undefined>;
}

/** Long enough for a redirect. */
const seconds = 60;

/** The message travels in an encrypted cookie: a link with a message in its query could show it to anyone. */
export function createFlash(options: Pick<SealedCookieOptions<unknown>, 'secure' | 'sessionKeys' | 'now'>): Flash {
  const cookie = createSealedCookie({ ...options, name: 'accesskey-flash', schema, seconds });
  return {
    write: cookie.write,
    async take(context) {
      const message = await cookie.read(context);
      if (message) cookie.remove(context);
      return message;
    },
  };
}

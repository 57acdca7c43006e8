import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { deriveKeys } from '../../../../src/web/session/session.ts';
import { createShownPairs } from '../../../../src/web/show-once/shown-pairs.ts';
import { createTickets } from '../../../../src/web/show-once/ticket.ts';
import { createCookieBrowser } from '../../../support/cookie-browser.ts';

const now = () => Date.UTC(2026, 0, 1);
const keys = deriveKeys(Buffer.alloc(32, 1));
const tickets = createTickets(now);
const formOf = (index: number) => `form-${String(index).padStart(11, '0')}`;
/** With the longest names. */
const ticketOf = () =>
  tickets.issue(
    {
      ...{ namespace: 'n'.repeat(63), accessKey: 'a'.repeat(253), uid: 'u'.repeat(36), pair: 'p'.repeat(63) },
      ...{ revision: Number.MAX_SAFE_INTEGER, generation: Number.MAX_SAFE_INTEGER },
    },
    's'.repeat(22),
  );

/** A browser, and a function that uses the cookie in one request of it. */
function start() {
  const shown = createShownPairs({ secure: true, sessionKeys: () => keys, now });
  type Context = Parameters<typeof shown.find>[0];
  let use = async (_: Context): Promise<unknown> => undefined;
  const app = new Hono();
  app.get('/', async (context) => context.json({ result: await use(context) }));
  const browser = createCookieBrowser(app);
  async function request(next: typeof use): Promise<unknown> {
    use = next;
    return ((await (await browser.get('/')).json()) as { result?: unknown }).result;
  }
  return {
    browser,
    find: (form: string) => request((context) => shown.find(context, form)),
    recordRequest: (form: string, ticket = ticketOf()) =>
      request((context) => shown.recordRequest(context, form, ticket)),
    recordShown: (form: string, ticket = ticketOf()) => request((context) => shown.recordShown(context, form, ticket)),
  };
}

describe('the forms that have requested a pair', () => {
  test('are recognized, the last eight of them, in one cookie that browsers accept', async () => {
    const { browser, find, recordRequest, recordShown } = start();
    for (let index = 0; index < 7; index += 1) await recordShown(formOf(index));
    for (let index = 7; index < 10; index += 1) await recordRequest(formOf(index));
    const recognized = await Promise.all(Array.from({ length: 10 }, async (_, index) => await find(formOf(index))));
    // Of those whose pair was not shown, only the last two are kept.
    expect(recognized.flatMap((one, index) => (one ? [index] : []))).toEqual([2, 3, 4, 5, 6, 8, 9]);
    const [[name = '', value = ''] = []] = browser.jar;
    expect(name.length + value.length).toBeLessThan(4_000);
  });

  test('have a ticket until their pair was shown, also in the response to another form', async () => {
    const { find, recordRequest, recordShown } = start();
    const [ticket, other] = [ticketOf(), ticketOf()];
    await recordRequest(formOf(1), ticket);
    await recordRequest(formOf(2), other);
    // The form of the page that waits.
    await recordRequest(formOf(3), ticket);
    expect([await find(formOf(1)), await find(formOf(3))]).toMatchObject([{ ticket }, undefined]);
    await recordShown(formOf(4), ticket);
    for (const form of [formOf(1), formOf(4)]) expect(await find(form)).toEqual({ form, pair: ticket.pair });
    expect(await find(formOf(2))).toMatchObject({ ticket: other });
  });

  test('are recorded only with an ID of the right form', async () => {
    const { browser, recordShown } = start();
    for (const form of ['x', 'y'.repeat(500), 'form 00000000000']) await recordShown(form);
    expect(browser.jar.size).toBe(0);
  });
});

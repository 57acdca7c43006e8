import { describe, expect, test } from 'vitest';
import { deriveKeys, type Session, sealSession } from '../../../../src/web/session/session.ts';
import { createTickets, openTicket, sealTicket } from '../../../../src/web/show-once/ticket.ts';

const keys = deriveKeys(Buffer.alloc(32, 1));
const now = Date.UTC(2026, 0, 1);
const session: Session = { id: 'a', expiresAt: now + 1000, kind: 'token', token: 'secret-token' };

/** Other texts with the same bytes: the last character of the tag, 16 bytes in base64url, has four unused bits. */
function variantsOf(sealed: string): string[] {
  const tag = Buffer.from(sealed.split('.').at(-1) ?? '', 'base64url');
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const texts = [...alphabet].map((last) => sealed.slice(0, -1) + last).filter((one) => one !== sealed);
  return texts.filter((one) => Buffer.from(one.split('.').at(-1) ?? '', 'base64url').equals(tag));
}

describe('a ticket', () => {
  const expected = { namespace: 'n', accessKey: 'k', uid: 'u', pair: 'p', revision: 2, generation: 3 };

  test('is valid for its session for five minutes, unless it is renewed', () => {
    let time = now;
    const tickets = createTickets(() => time);
    const ticket = tickets.issue(expected, 'a');
    expect(ticket).toMatchObject(expected);
    expect([tickets.isValid(ticket, 'a'), tickets.isValid(ticket, 'b')]).toEqual([true, false]);
    time += 300_000;
    expect(tickets.isValid(ticket, 'a')).toBe(false);
    expect(tickets.isValid(tickets.renew(ticket), 'a')).toBe(true);
  });

  test('is sealed with its own key', async () => {
    const ticket = createTickets(() => now).issue(expected, 'a');
    expect(await openTicket(await sealTicket(ticket, keys), keys)).toEqual(ticket);
    expect(await openTicket(await sealSession(session, keys), keys)).toBeUndefined();
  });

  test('can be used once, however its bytes are encoded, and also if it was renewed', async () => {
    const tickets = createTickets(() => now);
    const ticket = tickets.issue(expected, 'a');
    const sealed = await sealTicket(ticket, keys);
    const forms = [sealed, ...variantsOf(sealed)];
    expect(forms).toHaveLength(16);
    const [first, ...others] = await Promise.all(forms.map((one) => openTicket(one, keys)));
    expect(first && tickets.use(first)).toBe(true);
    for (const one of [...others, tickets.renew(ticket)]) {
      expect(one && tickets.isValid(one, 'a')).toBe(false);
      expect(one && tickets.use(one)).toBe(false);
    }
  });
});

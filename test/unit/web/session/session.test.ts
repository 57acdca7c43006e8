import { describe, expect, test } from 'vitest';
import { createTickets } from '../../../../src/web/keys/ticket.ts';
import { joinChunks, splitChunks } from '../../../../src/web/session/cookie.ts';
import { deriveKeys, openSession, type Session, sealSession } from '../../../../src/web/session/session.ts';

const keys = deriveKeys(Buffer.alloc(32, 1));
const others = deriveKeys(Buffer.alloc(32, 2));
const now = Date.UTC(2026, 0, 1);
const byToken: Session = { id: 'a', expiresAt: now + 1000, kind: 'token', token: 'secret-token' };
const byPair: Session = { id: 'b', expiresAt: now + 1000, kind: 'pair', ak: 'ak', digest: 'digest' };

describe('a session', () => {
  test.each([byToken, byPair])('comes back as it was: %o', async (session) => {
    const sealed = await sealSession(session, keys);
    expect(await openSession(sealed, keys, now)).toEqual(session);
  });

  test('cannot be read without the key', async () => {
    const sealed = await sealSession(byToken, keys);
    expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('secret-token');
    expect(await openSession(sealed, others, now)).toBeUndefined();
  });

  test('is over when it has run out', async () => {
    const sealed = await sealSession(byToken, keys);
    expect(await openSession(sealed, keys, byToken.expiresAt)).toBeUndefined();
  });

  test('with any character changed is none', async () => {
    const sealed = await sealSession(byPair, keys);
    for (let at = 0; at < sealed.length; at += 7) {
      if (sealed[at] === '.') continue;
      const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
      // The last bits of the last character of a part can be of no value.
      if (/^\.|^$/.test(sealed.slice(at + 1, at + 2))) continue;
      expect(await openSession(changed, keys, now), `at ${at}`).toBeUndefined();
    }
  });

  test.each(['', 'x', 'a.b.c.d.e', 'eyJhbGciOiJub25lIn0..a.b.c', '....'])('is not %o', async (text) => {
    expect(await openSession(text, keys, now)).toBeUndefined();
  });

  test('is not a ticket, though both are sealed', async () => {
    const expected = { namespace: 'n', accessKey: 'k', pair: 'p', revision: 1 };
    const ticket = await createTickets(() => now).give({ ...expected, sessionId: 'a' }, keys);
    expect(await openSession(ticket, keys, now)).toBeUndefined();
  });
});

/** Other texts of the same bytes: the last character of the tag, 16 bytes in base64url, has four bits of no value. */
function variantsOf(sealed: string): string[] {
  const tag = Buffer.from(sealed.split('.').at(-1) ?? '', 'base64url');
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const texts = [...alphabet].map((last) => sealed.slice(0, -1) + last).filter((one) => one !== sealed);
  return texts.filter((one) => Buffer.from(one.split('.').at(-1) ?? '', 'base64url').equals(tag));
}

describe('a ticket', () => {
  const content = { namespace: 'n', accessKey: 'k', pair: 'p', revision: 2, sessionId: 'a' };

  test('is good for its session, once, for five minutes', async () => {
    let time = now;
    const tickets = createTickets(() => time);
    const sealed = await tickets.give(content, keys);
    expect(await tickets.read(sealed, 'a', keys)).toMatchObject(content);
    expect(await tickets.read(sealed, 'b', keys)).toBeUndefined();
    expect(await tickets.read(await sealSession(byToken, keys), 'a', keys)).toBeUndefined();
    time += 300_000;
    expect(await tickets.read(sealed, 'a', keys)).toBeUndefined();
  });

  test('is used up in whatever form it is written', async () => {
    const tickets = createTickets(() => now);
    const sealed = await tickets.give(content, keys);
    const forms = [sealed, ...variantsOf(sealed)];
    expect(forms).toHaveLength(16);
    const [first, ...others] = await Promise.all(forms.map((one) => tickets.read(one, 'a', keys)));
    expect(first).toMatchObject(content);
    expect(first && tickets.use(first)).toBe(true);
    for (const one of others) expect(one && tickets.use(one)).toBe(false);
    for (const one of forms) expect(await tickets.read(one, 'a', keys)).toBeUndefined();
  });
});

describe('chunks of a cookie', () => {
  test.each([0, 1, 3_499, 3_500, 3_501, 9_999])('%i characters come back', (length) => {
    const value = 'x'.repeat(length);
    const chunks = splitChunks(value);
    expect(chunks.every((chunk) => chunk.length <= 3_502)).toBe(true);
    expect(joinChunks(chunks)).toBe(value);
    expect(joinChunks([...chunks, 'left over'])).toBe(value);
  });

  test('are nothing when one is missing', () => {
    const [first, ...rest] = splitChunks('x'.repeat(8_000));
    expect(joinChunks([first, rest[0], undefined])).toBeUndefined();
    expect(joinChunks([undefined, ...rest])).toBeUndefined();
    expect(joinChunks(['no number'])).toBeUndefined();
  });
});

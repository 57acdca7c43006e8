import { describe, expect, test } from 'vitest';
import { deriveKeys, openSession, type Session, sealSession } from '../../../../src/web/session/session.ts';
import { createTickets, sealTicket } from '../../../../src/web/show-once/ticket.ts';

const keys = deriveKeys(Buffer.alloc(32, 1));
const otherKeys = deriveKeys(Buffer.alloc(32, 2));
const now = Date.UTC(2026, 0, 1);
const tokenSession: Session = { id: 'a', expiresAt: now + 1000, kind: 'token', token: 'secret-token' };
const pairSession: Session = { id: 'b', expiresAt: now + 1000, kind: 'pair', ak: 'ak', digest: 'digest' };

describe('a sealed session', () => {
  test.each([tokenSession, pairSession])('opens to the same session: %o', async (session) => {
    const sealed = await sealSession(session, keys);
    expect(await openSession(sealed, keys, now)).toEqual(session);
  });

  test('cannot be opened with another key', async () => {
    const sealed = await sealSession(tokenSession, keys);
    expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('secret-token');
    expect(await openSession(sealed, otherKeys, now)).toBeUndefined();
  });

  test('is rejected once it has expired', async () => {
    const sealed = await sealSession(tokenSession, keys);
    expect(await openSession(sealed, keys, tokenSession.expiresAt)).toBeUndefined();
  });

  test('is rejected if any character is changed', async () => {
    const sealed = await sealSession(pairSession, keys);
    for (let at = 0; at < sealed.length; at += 7) {
      if (sealed[at] === '.') continue;
      const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
      // The last character of a part can have unused bits.
      if (/^\.|^$/.test(sealed.slice(at + 1, at + 2))) continue;
      expect(await openSession(changed, keys, now), `at ${at}`).toBeUndefined();
    }
  });

  test.each(['', 'x', 'a.b.c.d.e', 'eyJhbGciOiJub25lIn0..a.b.c', '....'])('cannot be opened from %o', async (text) => {
    expect(await openSession(text, keys, now)).toBeUndefined();
  });

  test('cannot be a ticket', async () => {
    const expected = { namespace: 'n', accessKey: 'k', uid: 'u', pair: 'p', revision: 1, generation: 1 };
    const ticket = createTickets(() => now).issue(expected, 'a');
    expect(await openSession(await sealTicket(ticket, keys), keys, now)).toBeUndefined();
  });
});

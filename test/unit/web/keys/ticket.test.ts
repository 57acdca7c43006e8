import { describe, expect, test } from 'vitest';
import { createTickets } from '../../../../src/web/keys/ticket.ts';
import { deriveKeys, type Session, sealSession } from '../../../../src/web/session/session.ts';

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
  const content = { namespace: 'n', accessKey: 'k', uid: 'u', pair: 'p', revision: 2, generation: 3, sessionId: 'a' };

  test('is valid for its session for five minutes', async () => {
    let time = now;
    const tickets = createTickets(() => time);
    const sealed = await tickets.issue(content, keys);
    expect(await tickets.read(sealed, 'a', keys)).toMatchObject(content);
    expect(await tickets.read(sealed, 'b', keys)).toBeUndefined();
    expect(await tickets.read(await sealSession(session, keys), 'a', keys)).toBeUndefined();
    time += 300_000;
    expect(await tickets.read(sealed, 'a', keys)).toBeUndefined();
  });

  test('can be used once, however its bytes are encoded', async () => {
    const tickets = createTickets(() => now);
    const sealed = await tickets.issue(content, keys);
    const forms = [sealed, ...variantsOf(sealed)];
    expect(forms).toHaveLength(16);
    const [first, ...others] = await Promise.all(forms.map((one) => tickets.read(one, 'a', keys)));
    expect(first).toMatchObject(content);
    expect(first && tickets.use(first)).toBe(true);
    for (const one of others) expect(one && tickets.use(one)).toBe(false);
    for (const one of forms) expect(await tickets.read(one, 'a', keys)).toBeUndefined();
  });
});

import { describe, expect, test } from 'vitest';
import {
  addEnded,
  createEndedCheck,
  type EndedList,
  formatEndedList,
  maxEntries,
  maxPerUser,
  parseEndedList,
} from '../../../../src/web/oidc/ended-list.ts';

const empty: EndedList = { endedBefore: 0, entries: [], users: new Map() };
const [now, later] = [1_000_000, 2_000_000];
const session = { sub: 'alice', sid: 'a', signedInAt: 500 };
const hasEnded = (list: EndedList, parts = {}) => createEndedCheck(list)({ ...session, ...parts });

describe('a sign-on', () => {
  test('has not ended without an entry', () => {
    expect(hasEnded(empty)).toBe(false);
  });

  test('ends with its sid, but not others of the user', () => {
    const list = addEnded(empty, { sub: 'alice', sid: 'a', at: 600 }, later, now);
    expect([hasEnded(list), hasEnded(list, { sid: 'b' }), hasEnded(list, { sid: undefined })]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('ends with its sub, except if it was started later', () => {
    const list = addEnded(empty, { sub: 'alice', at: 600 }, later, now);
    expect([hasEnded(list), hasEnded(list, { sid: 'b' }), hasEnded(list, { sub: 'bob' })]).toEqual([true, true, false]);
    expect([hasEnded(list, { signedInAt: 600 }), hasEnded(list, { signedInAt: 601 })]).toEqual([true, false]);
  });

  test('does not become valid again by an earlier logout token of its sub', () => {
    const ended = addEnded(empty, { sub: 'alice', at: 600 }, later, now);
    const replayed = addEnded(ended, { sub: 'alice', at: 400 }, later - 1, now);
    expect(hasEnded(replayed)).toBe(true);
    expect(replayed).toEqual(ended);
  });

  test('does not end because another sub equals its sid', () => {
    expect(hasEnded(addEnded(empty, { sub: 'a', at: 600 }, later, now))).toBe(false);
  });
});

describe('the list', () => {
  test('contains neither sub nor sid', () => {
    const one = addEnded(empty, { sub: 'alice', at: 1 }, later, now);
    const list = addEnded(one, { sub: 'alice', sid: 'the-sid', at: 1 }, later, now);
    const stored = formatEndedList(list);
    expect(JSON.stringify(stored)).not.toMatch(/alice|the-sid/);
    expect(parseEndedList(stored)).toEqual(list);
  });

  test('has one entry for each sign-on, without those whose sessions have expired', () => {
    const old = addEnded(empty, { sub: 'old', at: 1 }, now - 1, 0);
    const twice = [600, 700].reduce((list, at) => addEnded(list, { sub: 'alice', at }, later, now), old);
    expect(twice.entries.map(([, at]) => at)).toEqual([700]);
  });

  test('is limited: older sign-ons count as ended', () => {
    let list = empty;
    const entries = Array.from({ length: maxEntries }, (_, at): EndedList['entries'][number] => [
      `hash-${at}`,
      at,
      later,
    ]);
    list = addEnded({ ...empty, entries }, { sub: 'alice', at: 9_000 }, later, now);
    expect([list.entries.length, list.endedBefore]).toEqual([maxEntries, 0]);
    list = addEnded(list, { sub: 'bob', at: 9_001 }, later, now);
    expect([list.entries.length, list.endedBefore]).toEqual([maxEntries, 1]);
    expect(hasEnded(list, { sub: 'carol', sid: undefined, signedInAt: 1 })).toBe(true);
  });

  test('fits into a Secret', () => {
    const hash = (n: number) => `${n}`.padStart(22, 'x');
    const entries = Array.from({ length: maxEntries }, (_, n): EndedList['entries'][number] => [
      hash(n),
      1_764_460_800_000,
      1_764_489_600_000,
    ]);
    const users = new Map(entries.map(([sid]) => [sid, hash(0)]));
    const stored = formatEndedList({ endedBefore: 1_764_460_800_000, entries, users });
    expect(stored.ended.length + stored.users.length).toBeLessThan(700_000);
  });

  test.each(['', '{', '[]', '{}', '{"endedBefore":"1","entries":[]}', '{"endedBefore":1,"entries":[["a"]]}'])(
    'cannot be read from %s',
    (ended) => expect(parseEndedList({ ended })).toBeUndefined(),
  );
});

describe('one user who signs out often', () => {
  const signOut = (list: EndedList, n: number, sub = 'alice') =>
    addEnded(list, { sub, sid: `${sub}-${n}`, at: 1_000 * n }, later + n, now);
  const times = (count: number, list = empty) =>
    Array.from({ length: count }, (_, n) => n + 1).reduce((all, n) => signOut(all, n), list);

  test('cannot end the sessions of others', () => {
    const others = Array.from({ length: 200 }, (_, n) => `user-${n}`);
    const list = times(
      6_000,
      others.reduce((all, sub) => signOut(all, 1, sub), empty),
    );
    expect(list.endedBefore).toBe(0);
    expect(list.entries.length).toBeLessThanOrEqual(others.length + maxPerUser + 1);
    for (const sub of others) expect(hasEnded(list, { sub, sid: `${sub}-1` })).toBe(true);
    expect(hasEnded(list, { sub: 'bob', sid: 'bob-1', signedInAt: 1 })).toBe(false);
  });

  test('has one entry for the sub instead of those for the sid, which ends them and earlier sessions', () => {
    const full = times(maxPerUser);
    expect(full.entries).toHaveLength(maxPerUser);
    const list = signOut(full, maxPerUser + 1);
    expect(list.entries).toHaveLength(2);
    const last = 1_000 * maxPerUser;
    for (let n = 1; n <= maxPerUser + 1; n += 1) {
      expect(hasEnded(list, { sid: `alice-${n}`, signedInAt: Math.min(1_000 * n, last) })).toBe(true);
    }
    expect(hasEnded(list, { sid: 'other', signedInAt: last })).toBe(true);
    expect(hasEnded(list, { sid: 'other', signedInAt: last + 1 })).toBe(false);
    // Until the last of their sessions has ended in any case.
    expect(list.entries[0]?.[2]).toBe(later + maxPerUser);
  });

  test('is not limited if the logout token has no sub', () => {
    const list = times(maxPerUser + 5);
    const without = addEnded(list, { sid: 'x', at: 1 }, later, now);
    expect(without.entries).toHaveLength(list.entries.length + 1);
    expect(without.users.size).toBe(list.users.size);
  });

  test('has the same list after a copy of a logout token', () => {
    const list = times(3);
    expect(signOut(list, 3)).toBe(list);
    expect(signOut(list, 2)).toBe(list);
    expect(addEnded(list, { sub: 'alice', sid: 'alice-2', at: 1 }, later, now)).toBe(list);
    expect(addEnded(list, { sub: 'alice', sid: 'alice-2', at: 9_000 }, later, now)).not.toBe(list);
  });
});

describe('replicas of an earlier version', () => {
  /** How they read and write `ended`. */
  const tuple = expect.arrayContaining([expect.any(String), expect.any(Number), expect.any(Number)]);

  test('can read the list', () => {
    const list = addEnded(empty, { sub: 'alice', sid: 'a', at: 600 }, later, now);
    const ended = JSON.parse(formatEndedList(list).ended);
    expect(ended).toEqual({ endedBefore: 0, entries: [tuple] });
    expect(ended.entries[0]).toHaveLength(3);
  });

  test('can write the list: their entries have no user, and users without an entry are removed', () => {
    const list = addEnded(empty, { sub: 'alice', sid: 'a', at: 600 }, later, now);
    const ended = JSON.stringify({ endedBefore: 0, entries: [['other', 1, later]] });
    const read = parseEndedList({ ended, users: formatEndedList(list).users });
    const next = addEnded(read ?? empty, { sub: 'bob', sid: 'b', at: 700 }, later, now);
    expect(next.entries).toHaveLength(2);
    expect([...next.users.keys()]).toEqual([next.entries[1]?.[0]]);
  });

  test.each([undefined, '', '[]', '{"a":1}'])('may leave %j as users', (users) => {
    const list = addEnded(empty, { sub: 'alice', sid: 'a', at: 600 }, later, now);
    expect(parseEndedList({ ended: formatEndedList(list).ended, users })).toEqual({ ...list, users: new Map() });
  });
});

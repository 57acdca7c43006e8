import { describe, expect, test } from 'vitest';
import {
  addEnded,
  createEndedCheck,
  type EndedList,
  maxEntries,
  parseEndedList,
} from '../../../../src/web/oidc/ended-list.ts';

const empty: EndedList = { endedBefore: 0, entries: [] };
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
    const list = addEnded(addEnded(empty, { sub: 'alice', at: 1 }, later, now), { sid: 'the-sid', at: 1 }, later, now);
    expect(JSON.stringify(list)).not.toMatch(/alice|the-sid/);
    expect(parseEndedList(JSON.stringify(list))).toEqual(list);
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
    list = addEnded({ endedBefore: 0, entries }, { sub: 'alice', at: 9_000 }, later, now);
    expect([list.entries.length, list.endedBefore]).toEqual([maxEntries, 0]);
    list = addEnded(list, { sub: 'bob', at: 9_001 }, later, now);
    expect([list.entries.length, list.endedBefore]).toEqual([maxEntries, 1]);
    expect(hasEnded(list, { sub: 'carol', sid: undefined, signedInAt: 1 })).toBe(true);
    expect(JSON.stringify(list).length).toBeLessThan(500_000);
  });

  test.each(['', '{', '[]', '{}', '{"endedBefore":"1","entries":[]}', '{"endedBefore":1,"entries":[["a"]]}'])(
    'cannot be read from %s',
    (text) => expect(parseEndedList(text)).toBeUndefined(),
  );
});

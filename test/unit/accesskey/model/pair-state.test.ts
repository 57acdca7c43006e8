import { describe, expect, it } from 'vitest';
import type { KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import {
  expiresAtMs,
  isAllowedBySpec,
  isPairLive,
  liveStates,
  pairState,
  rotationDueAt,
} from '../../../../src/accesskey/model/pair-state.ts';
import { accessKey, at, keyPair, known, now } from '../../../support/builders.ts';

const one = accessKey();
const main = { name: 'main' };
const none = { revision: 1, previousValidUntil: undefined };
const rotated = { revision: 1, previousValidUntil: now + 60_000 };

describe('pairState', () => {
  it.each<[string, Partial<KeyPairSpec>, boolean]>([
    ['Active', {}, true],
    ['Active', { enabled: true, expiresAt: at(1) }, true],
    ['Expired', { expiresAt: at(0) }, true],
    ['Expired', { expiresAt: at(-1) }, true],
    ['Expired', { expiresAt: 'soon' }, true],
    ['Expired', { expiresAt: '' }, true],
    ['Disabled', { enabled: false }, true],
    ['Disabled', { enabled: false, expiresAt: at(-1) }, true],
    ['Conflict', {}, false],
    ['Conflict', { enabled: false }, false],
  ])('is %s with %j if the AccessKey holds its user: %s', (state, pair, holdsUser) => {
    expect(pairState({ accessKey: one, pair: { ...main, ...pair }, facts: none, holdsUser, now })).toBe(state);
    // During an overlap the previous pair is valid as long as the current pair is.
    const during = state === 'Active' ? 'Rotating' : state;
    expect(pairState({ accessKey: one, pair: { ...main, ...pair }, facts: rotated, holdsUser, now })).toBe(during);
  });

  it('is Disabled while the AccessKey is suspended, Conflict if it does not hold its user', () => {
    const suspended = accessKey({ suspended: true });
    for (const facts of [none, rotated]) {
      expect(pairState({ accessKey: suspended, pair: main, facts, holdsUser: true, now })).toBe('Disabled');
      expect(
        pairState({ accessKey: suspended, pair: { ...main, expiresAt: at(-1) }, facts, holdsUser: true, now }),
      ).toBe('Disabled');
      expect(pairState({ accessKey: suspended, pair: main, facts, holdsUser: false, now })).toBe('Conflict');
    }
  });

  it('becomes Expired exactly at expiresAt', () => {
    const pair = { name: 'main', expiresAt: at(60) };
    expect(pairState({ accessKey: one, pair, facts: none, holdsUser: true, now: now + 59_999 })).toBe('Active');
    expect(pairState({ accessKey: one, pair, facts: none, holdsUser: true, now: now + 60_000 })).toBe('Expired');
  });

  it('stops being Rotating exactly when the overlap ends', () => {
    expect(pairState({ accessKey: one, pair: main, facts: rotated, holdsUser: true, now: now + 59_999 })).toBe(
      'Rotating',
    );
    expect(pairState({ accessKey: one, pair: main, facts: rotated, holdsUser: true, now: now + 60_000 })).toBe(
      'Active',
    );
  });
});

describe('a pair whose revision is raised, but that is not rotated yet,', () => {
  const raised = { name: 'main', revision: 2 };
  const overlapping = { ...raised, rotation: { overlap: '1h' } };

  it('is Pending without an overlap, also during the previous overlap', () => {
    for (const facts of [none, rotated]) {
      expect(pairState({ accessKey: one, pair: raised, facts, holdsUser: true, now })).toBe('Pending');
    }
    expect(isPairLive(known({ keyPairs: [raised] }), { pairName: 'main', ak: keyPair().ak }, now)).toBe(false);
  });

  it('stays Active with an overlap', () => {
    expect(pairState({ accessKey: one, pair: overlapping, facts: none, holdsUser: true, now })).toBe('Active');
    expect(isPairLive(known({ keyPairs: [overlapping] }), { pairName: 'main', ak: keyPair().ak }, now)).toBe(true);
  });

  it('is Active again once the rotation has happened, or the revision is lowered', () => {
    const after = { ...none, revision: 2 };
    expect(pairState({ accessKey: one, pair: raised, facts: after, holdsUser: true, now })).toBe('Active');
    expect(pairState({ accessKey: one, pair: main, facts: none, holdsUser: true, now })).toBe('Active');
  });
});

describe('isAllowedBySpec', () => {
  it.each<[Partial<KeyPairSpec>, boolean, boolean]>([
    [{}, false, true],
    [{}, true, false],
    [{ enabled: false }, false, false],
    [{ expiresAt: at(1) }, false, true],
    [{ expiresAt: at(0) }, false, false],
  ])('of %j, suspended %s, is %s, consistent with the state', (pair, suspended, live) => {
    const subject = accessKey({ suspended });
    expect(isAllowedBySpec(subject, { ...main, ...pair }, now)).toBe(live);
    expect(
      liveStates.has(pairState({ accessKey: subject, pair: { ...main, ...pair }, facts: none, holdsUser: true, now })),
    ).toBe(live);
  });
});

describe('rotationDueAt', () => {
  it.each([
    [undefined, undefined],
    [{ overlap: '1h' }, undefined],
    [{ interval: '1h' }, now + 3_600_000],
    [{ interval: '1h30m1s' }, now + 5_401_000],
    [{ interval: 'never' }, undefined],
  ])('of %j is %s', (rotation, time) => {
    expect(rotationDueAt({ ...main, ...(rotation && { rotation }) }, { generatedAt: now })).toBe(time);
  });
});

describe('expiresAtMs', () => {
  it.each([
    [undefined, Number.POSITIVE_INFINITY],
    ['2026-01-01T00:00:00Z', now],
    ['2026-01-01T02:00:00+02:00', now],
    ['2026-01-01T00:00:00.5Z', now + 500],
    ['2026-02-30T25:00:00Z', 0],
    ['tomorrow', 0],
    ['', 0],
  ])('%s: %d', (expiresAt, time) => {
    expect(expiresAtMs({ name: 'main', ...(expiresAt !== undefined && { expiresAt }) })).toBe(time);
  });
});

describe('isPairLive', () => {
  const current = { pairName: 'main', ak: keyPair().ak };
  const previous = { ...current, ak: keyPair(2).ak };
  // The pair was generated half an hour ago.
  const rotating = { previous: { accessKey: previous.ak, validUntil: at(60) } };
  const overlapping = { name: 'main', rotation: { overlap: '1h' } };

  it('is true for the current key pair, and for the previous one until its overlap ends', () => {
    const fetched = known({ keyPairs: [overlapping] }, rotating);
    expect([isPairLive(fetched, current, now), isPairLive(fetched, previous, now)]).toEqual([true, true]);
    expect([isPairLive(fetched, current, now + 60_000), isPairLive(fetched, previous, now + 60_000)]).toEqual([
      true,
      false,
    ]);
  });

  it.each([
    ['removed', undefined, false],
    ['shortened below the age of the key pair', { overlap: '30m' }, false],
    ['shortened', { overlap: '31m' }, true],
    ['extended while in use', { overlap: '20m', maxOverlap: '31m' }, true],
    ['limited by a shortened maxOverlap', { overlap: '20m', maxOverlap: '30m' }, false],
  ])('of a previous key pair follows the spec before the status does: the overlap was %s', (_, rotation, isLive) => {
    const fetched = known({ keyPairs: [{ name: 'main', ...(rotation && { rotation }) }] }, rotating);
    expect(isPairLive(fetched, previous, now)).toBe(isLive);
    expect(isPairLive(fetched, current, now)).toBe(true);
  });

  it.each([
    ['disabled', known({ keyPairs: [{ name: 'main', enabled: false }] }, rotating)],
    ['expired', known({ keyPairs: [{ name: 'main', expiresAt: at(0) }] }, rotating)],
    ['suspended', known({ suspended: true }, rotating)],
    ['removed', known({ keyPairs: [{ name: 'other' }] }, rotating)],
    ['not created yet', accessKey()],
    ['rotated', known({}, { accessKey: keyPair(3).ak })],
  ])('is false if the key pair is %s', (_, fetched) => {
    expect([isPairLive(fetched, current, now), isPairLive(fetched, previous, now)]).toEqual([false, false]);
  });
});

import { describe, expect, it } from 'vitest';
import {
  checkTimings,
  decide,
  defaultLeaseTimings,
  heldSpec,
  jitteredMs,
  type LeaseSpec,
  observe,
  releasedSpec,
  type Situation,
} from '../../../src/kube/lease-record.ts';

const time = new Date('2026-01-01T00:00:00.123Z');

/** A record of another candidate. */
const foreign: LeaseSpec = {
  holderIdentity: 'other',
  leaseDurationSeconds: 15,
  acquireTime: '2025-12-31T00:00:00.000000Z',
  renewTime: '2025-12-31T01:00:00.000000Z',
  leaseTransitions: 3,
};
const own: LeaseSpec = { ...foreign, holderIdentity: 'me' };
const empty: LeaseSpec = { ...foreign, holderIdentity: '', leaseDurationSeconds: 1 };

describe('decide', () => {
  /** Default: the Lease exists, and its record was first observed at 1000. */
  function situation(spec: LeaseSpec | undefined, now: number, more: Partial<Situation> = {}): Situation {
    const observation = spec && { spec, since: 1000 };
    return { identity: 'me', leading: false, exists: true, observation, now, leaseDurationMs: 30_000, ...more };
  }
  const absent = { exists: false };
  const leading = { leading: true };
  const { leaseDurationSeconds, ...undated } = foreign;

  it.each([
    ['no Lease was ever observed', 'create', undefined, 1000, absent],
    ['an empty Lease', 'take', {}, 1000, {}],
    ['a released Lease', 'take', empty, 1000, {}],
    ['our own record', 'renew', own, 1000, {}],
    ['our own, old record', 'renew', own, 1_000_000, {}],
    ["another's new record", 'wait', foreign, 1000, {}],
    ["another's record, within its duration", 'wait', foreign, 15_999, {}],
    ["another's record, after its duration", 'take', foreign, 16_000, {}],
    ["another's record, within its longer duration", 'wait', { ...foreign, leaseDurationSeconds: 60 }, 60_999, {}],
    ["another's record, after its longer duration", 'take', { ...foreign, leaseDurationSeconds: 60 }, 61_000, {}],
    ['a record without a duration, within ours', 'wait', undated, 30_999, {}],
    ['a record without a duration, after ours', 'take', undated, 31_000, {}],
    ["another's deleted Lease, within its duration", 'wait', foreign, 15_999, absent],
    ["another's deleted Lease, after its duration", 'create', foreign, 16_000, absent],
    ['a deleted released Lease', 'create', empty, 1000, absent],
    ['our own deleted Lease', 'create', own, 1000, absent],
    ['leading: our own record', 'renew', own, 1000, leading],
    ['leading: our own deleted Lease', 'create', own, 1000, { ...leading, ...absent }],
    ['leading: another holder', 'wait', foreign, 1000, leading],
    ['leading: another holder, after its duration', 'wait', foreign, 16_000, leading],
    ['leading: no holder', 'wait', empty, 1000, leading],
  ] as const)('decides for %s: %s', (_, expected, spec, now, more) => {
    expect(decide(situation(spec, now, more))).toBe(expected);
  });

  it('ignores the times in the record', () => {
    for (const renewTime of ['1970-01-01T00:00:00.000000Z', '2999-01-01T00:00:00.000000Z']) {
      expect(decide(situation({ ...foreign, renewTime }, 15_999))).toBe('wait');
      expect(decide(situation({ ...foreign, renewTime }, 16_000))).toBe('take');
    }
  });
});

describe('observe', () => {
  const seen = { spec: foreign, since: 1000 };

  it.each([
    ['the first record', undefined, foreign, 2000],
    ['the same record', seen, { ...foreign }, 1000],
    ['a renewal', seen, { ...foreign, renewTime: '2025-12-31T01:00:02.000000Z' }, 2000],
    ['a renewal with an earlier time', seen, { ...foreign, renewTime: '2025-12-30T00:00:00.000000Z' }, 2000],
    ['another holder', seen, { ...foreign, holderIdentity: 'third' }, 2000],
    ['another duration', seen, { ...foreign, leaseDurationSeconds: 60 }, 2000],
    ['an emptied record', seen, {}, 2000],
  ])('returns the record and since when it is unchanged: %s', (_, before, spec, since) => {
    expect(observe(before, spec, 2000)).toEqual({ spec, since });
  });
});

describe('the written record', () => {
  const now = '2026-01-01T00:00:00.123000Z';
  const dated = { acquireTime: now, renewTime: now };

  it.each([
    ['of a new Lease', undefined, { holderIdentity: 'me', leaseTransitions: 0, ...dated }],
    ['replacing an empty record', {}, { holderIdentity: 'me', leaseTransitions: 1, ...dated }],
    ['replacing a released record', empty, { holderIdentity: 'me', leaseTransitions: 4, ...dated }],
    ["replacing another's record", foreign, { holderIdentity: 'me', leaseTransitions: 4, ...dated }],
    ['of a renewal', own, { ...own, renewTime: now }],
  ])('%s contains our identity and the number of transitions', (_, before, expected) => {
    expect(heldSpec(before, { identity: 'me', leaseDurationMs: 15_000, time })).toEqual({
      ...expected,
      leaseDurationSeconds: 15,
    });
  });

  it('releases the Lease with an empty holder', () => {
    const expected = { holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 3, ...dated };
    expect(releasedSpec(own, time)).toEqual(expected);
  });

  it.each([
    [1, 1],
    [1000, 1],
    [1001, 2],
    [15_000, 15],
  ])('has a duration of %d ms as %d s', (milliseconds, seconds) => {
    expect(heldSpec(undefined, { identity: 'me', leaseDurationMs: milliseconds, time }).leaseDurationSeconds).toBe(
      seconds,
    );
  });

  it('keeps fields that are not part of the election', () => {
    const more = { strategy: 'OldestEmulationVersion', ofTheFuture: { a: [1] } };
    for (const before of [own, foreign]) {
      expect(heldSpec({ ...before, ...more }, { identity: 'me', leaseDurationMs: 15_000, time })).toMatchObject(more);
      expect(releasedSpec({ ...before, ...more }, time)).toMatchObject(more);
    }
  });
});

describe('timings', () => {
  it('spread attempts over 1 to 2.2 periods', () => {
    expect(jitteredMs(2000, () => 0)).toBe(2000);
    expect(jitteredMs(2000, () => 0.5)).toBe(3200);
    expect(jitteredMs(2000, () => 1)).toBe(4400);
    expect(new Set(Array.from({ length: 20 }, () => jitteredMs(2000))).size).toBeGreaterThan(1);
  });

  it.each([
    [{}, undefined],
    [{ leaseDurationMs: 10_000 }, /leaseDuration/],
    [{ leaseDurationMs: 10_001 }, undefined],
    [{ renewDeadlineMs: 2400 }, /renewDeadline/],
    [{ renewDeadlineMs: 2401 }, undefined],
    [{ retryPeriodMs: 0 }, /retryPeriod/],
    [{ retryPeriodMs: -1 }, /retryPeriod/],
    [{ leaseDurationMs: Number.NaN }, /leaseDuration/],
    [{ renewDeadlineMs: Number.NaN }, /renewDeadline/],
    [{ retryPeriodMs: Number.NaN }, /retryPeriod/],
  ])('with %j are checked: %s', (change, message) => {
    const check = () => checkTimings({ ...defaultLeaseTimings, ...change });
    if (message) expect(check).toThrow(message);
    else expect(check).not.toThrow();
  });
});

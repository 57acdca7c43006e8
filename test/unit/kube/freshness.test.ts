import { beforeEach, describe, expect, it } from 'vitest';
import { createFreshnessTracker, type FreshnessTracker } from '../../../src/kube/freshness.ts';

let milliseconds: number;
let tracker: FreshnessTracker;
const later = (time: number) => {
  milliseconds += time;
  return tracker.current();
};
beforeEach(() => {
  milliseconds = 5_000;
  tracker = createFreshnessTracker(() => milliseconds);
});

describe('createFreshnessTracker', () => {
  it('has no resourceVersion and an infinite age before the first list', () => {
    const nothing = { resourceVersion: undefined, ageSeconds: Number.POSITIVE_INFINITY, watching: false };
    expect(tracker.current()).toEqual(nothing);
  });

  it('measures the age from the last confirmation', () => {
    tracker.confirmed('7');
    expect(later(2_500)).toEqual({ resourceVersion: '7', ageSeconds: 2.5, watching: false });
    tracker.confirmed('8');
    expect(later(0)).toEqual({ resourceVersion: '8', ageSeconds: 0, watching: false });
  });

  it('keeps the resourceVersion after a confirmation without one', () => {
    tracker.confirmed('7');
    milliseconds += 1_000;
    tracker.confirmed();
    expect(later(500)).toEqual({ resourceVersion: '7', ageSeconds: 0.5, watching: false });
  });

  it('counts an opened watch as a confirmation after one second', () => {
    tracker.confirmed('7');
    milliseconds += 10_000;
    tracker.opened();
    expect(later(999)).toEqual({ resourceVersion: '7', ageSeconds: 10.999, watching: true });
    expect(later(1)).toEqual({ resourceVersion: '7', ageSeconds: 1, watching: true });
    tracker.closed();
    expect(later(4_000)).toEqual({ resourceVersion: '7', ageSeconds: 5, watching: false });
  });

  it('does not count watches that end within a second', () => {
    tracker.confirmed('7');
    for (let times = 0; times < 3; times += 1) {
      tracker.opened();
      milliseconds += 900;
      tracker.closed();
    }
    expect(tracker.current()).toEqual({ resourceVersion: '7', ageSeconds: 2.7, watching: false });
  });

  it('ignores the opening of the watch after a later event', () => {
    tracker.confirmed('7');
    tracker.opened();
    milliseconds += 3_000;
    tracker.confirmed('8');
    expect(later(500)).toEqual({ resourceVersion: '8', ageSeconds: 0.5, watching: true });
    tracker.closed();
    expect(later(0).ageSeconds).toBe(0.5);
  });
});

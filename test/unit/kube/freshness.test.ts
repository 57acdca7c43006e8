import { beforeEach, describe, expect, it } from 'vitest';
import { createFreshnessRecord, type FreshnessRecord } from '../../../src/kube/freshness.ts';

let milliseconds: number;
let record: FreshnessRecord;
const later = (time: number) => {
  milliseconds += time;
  return record.current();
};
beforeEach(() => {
  milliseconds = 5_000;
  record = createFreshnessRecord(() => milliseconds);
});

describe('the record of freshness', () => {
  it('knows nothing before the first list', () => {
    const nothing = { resourceVersion: undefined, ageSeconds: Number.POSITIVE_INFINITY, watching: false };
    expect(record.current()).toEqual(nothing);
  });

  it('ages from the last word of the API server', () => {
    record.heard('7');
    expect(later(2_500)).toEqual({ resourceVersion: '7', ageSeconds: 2.5, watching: false });
    record.heard('8');
    expect(later(0)).toEqual({ resourceVersion: '8', ageSeconds: 0, watching: false });
  });

  it('keeps the resourceVersion when something without one is heard', () => {
    record.heard('7');
    milliseconds += 1_000;
    record.heard();
    expect(later(500)).toEqual({ resourceVersion: '7', ageSeconds: 0.5, watching: false });
  });

  it('counts the opening of a watch only when it has stood for a second', () => {
    record.heard('7');
    milliseconds += 10_000;
    record.opened();
    expect(later(999)).toEqual({ resourceVersion: '7', ageSeconds: 10.999, watching: true });
    expect(later(1)).toEqual({ resourceVersion: '7', ageSeconds: 1, watching: true });
    record.closed();
    expect(later(4_000)).toEqual({ resourceVersion: '7', ageSeconds: 5, watching: false });
  });

  it('does not count a watch that ended at once, however often', () => {
    record.heard('7');
    for (let times = 0; times < 3; times += 1) {
      record.opened();
      milliseconds += 900;
      record.closed();
    }
    expect(record.current()).toEqual({ resourceVersion: '7', ageSeconds: 2.7, watching: false });
  });

  it('does not grow older by an opening before the last event', () => {
    record.heard('7');
    record.opened();
    milliseconds += 3_000;
    record.heard('8');
    expect(later(500)).toEqual({ resourceVersion: '8', ageSeconds: 0.5, watching: true });
    record.closed();
    expect(later(0).ageSeconds).toBe(0.5);
  });
});

import { describe, expect, it } from 'vitest';
import { humanDuration, relativeTime } from '../../../../src/cli/common/human-time.ts';

const [minute, hour, day] = [60, 3600, 86_400];

describe('humanDuration', () => {
  // The cases of k8s.io/apimachinery, duration_test.go, HumanDuration.
  it.each([
    [-1, '0s'],
    [1, '1s'],
    [70, '70s'],
    [190, '3m10s'],
    [70 * minute, '70m'],
    [47 * hour, '47h'],
    [49 * hour, '2d1h'],
    [8 * day + 2 * hour, '8d'],
    [367 * day, '367d'],
    [2 * 365 * day, '2y'],
    [2 * 365 * day + 25 * day, '2y25d'],
    [8 * 365 * day + 2 * hour, '8y'],
    [5 * hour + 30 * minute, '5h30m'],
  ])('prints %i seconds as %s', (seconds, text) => {
    expect(humanDuration(seconds * 1000)).toBe(text);
  });
});

describe('relativeTime', () => {
  const now = Date.parse('2026-01-10T00:00:00Z');
  it.each([
    ['2026-01-13T00:00:00Z', 'in 3d'],
    ['2026-01-09T23:55:00Z', '5m ago'],
    [undefined, 'never'],
    ['not a time', 'never'],
  ])('prints %s as %s', (time, text) => {
    expect(relativeTime(time, now, 'never')).toBe(text);
  });
});

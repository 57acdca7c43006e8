import { describe, expect, it } from 'vitest';
import { isAhead } from '../../../src/kube/clock.ts';
import { now } from '../../support/builders.ts';

describe('isAhead', () => {
  it.each([
    ['a past time', -1, false],
    ['now', 0, false],
    ['what a clock may differ by', 300_000, false],
    ['more than that', 300_001, true],
  ])('%s', (_, difference, ahead) => {
    expect(isAhead(now + difference, now)).toBe(ahead);
  });
});

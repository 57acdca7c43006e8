import { expect, it } from 'vitest';
import { createSteadyClock } from '../../../../src/cli/agent/clock.ts';

const day = 86_400_000;

/** A steady clock whose sources the test sets. */
function setUp() {
  const sources = { now: 1_000 * day, monotonic: 5_000 };
  return { sources, clock: createSteadyClock({ now: () => sources.now, monotonic: () => sources.monotonic }) };
}

it('follows the wall clock, also while the machine sleeps and the monotonic clock stops', () => {
  const { sources, clock } = setUp();
  sources.now += day;
  expect(clock.now()).toBe(1_001 * day);
  expect(clock.toWallTime(1_002 * day)).toBe(1_002 * day);
});

it('counts the time that passes while the wall clock is set back', () => {
  const { sources, clock } = setUp();
  sources.now -= 30 * day;
  sources.monotonic += 2_000;
  expect(clock.now()).toBe(1_000 * day + 2_000);
  sources.now += 1_000;
  sources.monotonic += 1_000;
  expect(clock.now()).toBe(1_000 * day + 3_000);
});

it('returns times of the wall clock that was set back', () => {
  const { sources, clock } = setUp();
  const time = clock.now() + day;
  sources.now -= 30 * day;
  expect(clock.toWallTime(time)).toBe(971 * day);
});

it('ignores that both clocks differ in precision', () => {
  const { sources, clock } = setUp();
  for (let reading = 0; reading < 100; reading += 1) {
    sources.now += 999;
    sources.monotonic += 1_000;
    clock.now();
  }
  expect(clock.now()).toBe(1_000 * day + 99_900);
});

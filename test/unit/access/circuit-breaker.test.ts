import { expect, it } from 'vitest';
import { createSilence } from '../../../src/access/circuit-breaker.ts';

it('lets one attempt through each second, until an answer comes', () => {
  let milliseconds = 0;
  const silence = createSilence(() => milliseconds);
  const asked = () => [silence.mayAsk(), silence.mayAsk()];
  expect(asked()).toEqual([true, true]);
  silence.begun();
  expect(asked()).toEqual([false, false]);
  milliseconds = 999;
  expect(asked()).toEqual([false, false]);
  milliseconds = 1_000;
  expect(asked()).toEqual([true, false]);
  milliseconds = 2_500;
  expect(asked()).toEqual([true, false]);
  silence.broken();
  expect(asked()).toEqual([true, true]);
});

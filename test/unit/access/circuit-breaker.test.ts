import { expect, it } from 'vitest';
import { createCircuitBreaker } from '../../../src/access/circuit-breaker.ts';

it('allows one request per second after a failure, until the cluster responds', () => {
  let milliseconds = 0;
  const breaker = createCircuitBreaker(() => milliseconds);
  const attempts = () => [breaker.allowsRequest(), breaker.allowsRequest()];
  expect(attempts()).toEqual([true, true]);
  breaker.recordFailure();
  expect(attempts()).toEqual([false, false]);
  milliseconds = 999;
  expect(attempts()).toEqual([false, false]);
  milliseconds = 1_000;
  expect(attempts()).toEqual([true, false]);
  milliseconds = 2_500;
  expect(attempts()).toEqual([true, false]);
  breaker.recordResponse();
  expect(attempts()).toEqual([true, true]);
});

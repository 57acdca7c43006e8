import { describe, expect, it, test } from 'vitest';
import {
  type AgentState,
  afterFailure,
  afterSuccess,
  initialState,
  isDue,
  isReady,
  maxRetryAfterMs,
} from '../../../../src/cli/agent/schedule.ts';

const now = 1_000_000_000;
const minute = 60_000;
const validity = { obtainedAt: now, expiresAt: now + 60 * minute };
const attempt = { fingerprint: 'a', now, random: 0.5 };

describe('isDue', () => {
  it('requests a token at the start', () => {
    expect(isDue(initialState(), 'a', now)).toBe(true);
    expect(isDue(initialState(validity), 'a', now)).toBe(true);
  });

  it('waits for half of the lifetime', () => {
    const state = afterSuccess(validity, attempt);
    expect(isDue(state, 'a', now + 30 * minute - 1)).toBe(false);
    expect(isDue(state, 'a', now + 30 * minute)).toBe(true);
  });

  it('requests a token immediately if the credential has changed', () => {
    expect(isDue(afterSuccess(validity, attempt), 'b', now)).toBe(true);
    expect(isDue(afterFailure(initialState(), 60_000, attempt), 'b', now)).toBe(true);
  });
});

test.each([
  [0, 27],
  [0.5, 30],
  [0.999_999, 33],
])('random %d refreshes a token of an hour after %d minutes', (random, minutes) => {
  const { dueAt } = afterSuccess(validity, { ...attempt, random });
  expect(Math.round((dueAt - now) / minute)).toBe(minutes);
});

test('a token that expires soon is not refreshed in a tight loop', () => {
  const { dueAt } = afterSuccess({ obtainedAt: now, expiresAt: now + 1 }, attempt);
  expect(dueAt).toBe(now + 5_000);
});

describe('afterFailure', () => {
  const fail = (state: AgentState, retryAfterMs = 0) => afterFailure(state, retryAfterMs, { ...attempt, random: 0 });

  it('keeps the token and the readiness', () => {
    const state = fail(afterSuccess(validity, attempt));
    expect(state.validity).toBe(validity);
    expect(isReady(state, now)).toBe(true);
  });

  it('backs off exponentially, up to a minute', () => {
    let state = initialState();
    const delays = Array.from({ length: 9 }, () => {
      state = fail(state);
      return state.dueAt - now;
    });
    expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('waits for Retry-After, up to five minutes', () => {
    expect(fail(initialState(), 45_000).dueAt).toBe(now + 45_000);
    expect(fail(initialState(), 86_400_000).dueAt).toBe(now + maxRetryAfterMs);
  });

  it('starts again with a short delay after a success', () => {
    const state = fail(afterSuccess(validity, { ...attempt, fingerprint: 'b' }));
    expect(state.failures).toBe(1);
  });
});

describe('isReady', () => {
  it('is not ready without a token', () => {
    expect(isReady(initialState(), now)).toBe(false);
  });

  it('is ready until the token expires, also with one from an earlier run', () => {
    expect(isReady(initialState(validity), validity.expiresAt - 1)).toBe(true);
    expect(isReady(initialState(validity), validity.expiresAt)).toBe(false);
  });
});

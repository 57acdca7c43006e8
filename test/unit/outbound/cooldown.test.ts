import { describe, expect, it } from 'vitest';
import { withCooldown } from '../../../src/outbound/cooldown.ts';

/** A request that fails while `error` is set. */
function createRequest() {
  const state = { now: 0, calls: 0, error: undefined as Error | undefined };
  const request = withCooldown(
    async (text: string) => {
      state.calls += 1;
      if (state.error) throw state.error;
      return text;
    },
    { ms: 1_000, now: () => state.now },
  );
  return { state, request };
}

describe('withCooldown', () => {
  it('repeats every request that succeeds', async () => {
    const { state, request } = createRequest();
    expect([await request('a'), await request('b'), state.calls]).toEqual(['a', 'b', 2]);
  });

  it('returns the error of a failed request until the time has passed', async () => {
    const { state, request } = createRequest();
    state.error = new Error('down');
    await expect(request('a')).rejects.toBe(state.error);
    state.now = 999;
    const { error } = state;
    state.error = undefined;
    await expect(request('a')).rejects.toBe(error);
    expect(state.calls).toBe(1);
    state.now = 1_000;
    expect([await request('a'), await request('a'), state.calls]).toEqual(['a', 'a', 3]);
  });
});

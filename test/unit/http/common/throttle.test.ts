import { describe, expect, it } from 'vitest';
import { createFailureThrottle } from '../../../../src/http/common/throttle.ts';

/** A throttle with a fake clock. */
function createThrottle(options = { burst: 3, refillSeconds: 3 }) {
  let time = 0;
  const throttle = createFailureThrottle(options, () => time);
  return {
    ...throttle,
    pass: (milliseconds: number) => {
      time += milliseconds;
    },
    fail: (times: number, address = '192.0.2.1') => Array.from({ length: times }, () => throttle.failed(address)),
  };
}

describe('createFailureThrottle', () => {
  it('allows a burst and then returns the time to wait', () => {
    expect(createThrottle().fail(5)).toEqual([0, 0, 0, 3, 3]);
  });

  it('allows one more failure per refill time, also after further attempts', () => {
    const { fail, pass } = createThrottle();
    fail(50);
    pass(2_000);
    expect(fail(1)).toEqual([1]);
    pass(1_000);
    expect(fail(2)).toEqual([0, 3]);
  });

  it('never allows more than the burst', () => {
    const { fail, pass } = createThrottle();
    fail(3);
    pass(3_600_000);
    expect(fail(4)).toEqual([0, 0, 0, 3]);
  });

  it('counts per address, or per /64 of IPv6', () => {
    const { fail, failed } = createThrottle();
    fail(3, '2001:db8::1');
    expect(failed('2001:db8::ffff:2')).toBe(3);
    expect(failed('2001:db8:0:1::1')).toBe(0);
    expect(failed('192.0.2.1')).toBe(0);
  });

  it('counts each account at an address separately, and the address itself', () => {
    const { fail, failed, forgive } = createThrottle();
    fail(3);
    expect(failed('192.0.2.1', 'a')).toBe(0);
    for (let index = 0; index < 2; index += 1) failed('192.0.2.1', 'a');
    expect([failed('192.0.2.1', 'a'), failed('192.0.2.1', 'b'), failed('192.0.2.2', 'a')]).toEqual([3, 0, 0]);
    forgive('192.0.2.1', 'a');
    expect([failed('192.0.2.1', 'a'), failed('192.0.2.1')]).toEqual([0, 3]);
  });

  it('removes forgiven failures, but never allows more than the burst', () => {
    const { fail, forgive } = createThrottle();
    expect(fail(4)).toEqual([0, 0, 0, 3]);
    forgive('192.0.2.1');
    expect(fail(2)).toEqual([0, 3]);
    for (let index = 0; index < 10; index += 1) forgive('192.0.2.1');
    expect(fail(4)).toEqual([0, 0, 0, 3]);
  });

  it('returns at least one second', () => {
    const { fail } = createThrottle({ burst: 1, refillSeconds: 0.01 });
    expect(fail(2)).toEqual([0, 1]);
  });

  it('evicts the least recently used addresses', () => {
    const { fail, failed } = createThrottle({ burst: 1, refillSeconds: 3600 });
    fail(1, '192.0.2.1');
    fail(1, '192.0.2.2');
    for (let index = 0; index < 9_999; index += 1) {
      failed(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
      if (index % 1000 === 0) failed('192.0.2.1');
    }
    expect(failed('192.0.2.1')).toBe(3600);
    expect(failed('192.0.2.2')).toBe(0);
  });

  it('never throttles if not configured', () => {
    const { failed, forgive } = createFailureThrottle(undefined);
    for (let index = 0; index < 100; index += 1) expect(failed('192.0.2.1')).toBe(0);
    expect(forgive('192.0.2.1')).toBeUndefined();
  });
});

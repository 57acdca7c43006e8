import { describe, expect, it } from 'vitest';
import { gather } from '../../../../src/http/common/parameters.ts';

/** Entries that count how often a value is copied into a list. */
function repetitions(count: number): { entries: (readonly [string, unknown])[]; copies: () => number } {
  let copies = 0;
  const value = new Proxy([], {
    get(target, key) {
      copies += 1;
      return Reflect.get(target, key);
    },
    has: (target, key) => Reflect.has(target, key),
  });
  return { entries: Array.from({ length: count }, () => ['a', value] as const), copies: () => copies };
}

describe('gather', () => {
  it('marks a repeated parameter with a list that schemas reject', () => {
    expect(
      gather([
        ['a', '1'],
        ['b', '2'],
        ['a', '3'],
      ]),
    ).toEqual({ a: [null], b: '2' });
  });

  it('accepts a parameter named __proto__', () => {
    expect(Object.entries(gather([['__proto__', '1']]))).toEqual([['__proto__', '1']]);
  });

  it('does not keep the values of a repeated parameter, so that its cost is linear', () => {
    const { entries, copies } = repetitions(2_000);
    expect(gather(entries)).toEqual({ a: [null] });
    expect(copies()).toBe(0);
  });
});

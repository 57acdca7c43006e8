import { describe, expect, it } from 'vitest';
import { compareItems, paginate } from '../../../src/deployments/page.ts';

const item = (namespace: string, name: string) => ({ metadata: { namespace, name } });

describe('compareItems', () => {
  it('orders by namespace, then name, by code units', () => {
    const sorted = [
      item('a', 'b'),
      item('a', 'b-1'),
      item('a', 'b1'),
      item('a', 'z'),
      item('a-b', 'a'),
      item('ab', 'a'),
    ];
    expect(sorted.toReversed().sort(compareItems)).toEqual(sorted);
  });

  it.each([
    ['Z', 'a'],
    ['a10', 'a2'],
    ['z', 'ä'],
    ['', 'a'],
  ])('%j comes before %j in any locale', (first, second) => {
    expect(compareItems(item('n', first), item('n', second))).toBe(-1);
    expect(compareItems(item('n', second), item('n', first))).toBe(1);
    expect(compareItems(item(first, 'n'), item(second, 'n'))).toBe(-1);
  });

  it('finds an object equal to itself, and one without a name first', () => {
    expect(compareItems(item('a', 'b'), item('a', 'b'))).toBe(0);
    expect(compareItems({}, {})).toBe(0);
    expect(compareItems({}, item('', 'a'))).toBe(-1);
  });
});

describe('paginate', () => {
  const letters = ['a', 'b', 'c', 'd', 'e'];

  it.each([
    [letters, 1, 2, ['a', 'b'], 3],
    [letters, 3, 2, ['e'], 3],
    [letters, 4, 2, [], 3],
    [letters, Number.MAX_SAFE_INTEGER, 100, [], 1],
    [letters, 1, 5, letters, 1],
    [letters, 1, 10, letters, 1],
    [letters, 1, 4, ['a', 'b', 'c', 'd'], 2],
    [[], 1, 10, [], 0],
    [[], 2, 10, [], 0],
  ])('%j, page %d of %d each', (all, page, pageSize, items, pages) => {
    expect(paginate(all, { page, pageSize })).toEqual({
      items,
      pagination: { total: all.length, page, pageSize, pages },
    });
  });

  it('shows each item once over all pages', () => {
    const seen = [1, 2, 3].flatMap((page) => paginate(letters, { page, pageSize: 2 }).items);
    expect(seen).toEqual(letters);
  });

  it.each([
    [0, 10],
    [-1, 10],
    [1.5, 10],
    [Number.NaN, 10],
    [1, 0],
    [1, Number.POSITIVE_INFINITY],
  ])('refuses page %d of %d each', (page, pageSize) => {
    expect(() => paginate(letters, { page, pageSize })).toThrow(RangeError);
  });
});

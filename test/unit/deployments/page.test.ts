import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { paginate, type Runs } from '../../../src/deployments/page.ts';

const letters = ['a', 'b', 'c', 'd', 'e'];
const compare = (a: string, b: string) => (a === b ? 0 : a < b ? -1 : 1);

describe('a page of one source', () => {
  it.each<[Runs<string>, number, number, string[], number]>([
    [[letters], 1, 2, ['a', 'b'], 3],
    [[letters], 3, 2, ['e'], 3],
    [[letters], 4, 2, [], 3],
    [[letters], Number.MAX_SAFE_INTEGER, 100, [], 1],
    [[letters], 1, 5, letters, 1],
    [[letters], 1, 10, letters, 1],
    [[letters], 1, 4, ['a', 'b', 'c', 'd'], 2],
    [[['a'], [], ['b', 'c'], ['d', 'e']], 2, 2, ['c', 'd'], 3],
    [[['a', 'b', 'c'], ['d', 'e'], []], 3, 2, ['e'], 3],
    [[], 1, 10, [], 0],
    [[[], []], 2, 10, [], 0],
  ])('of %j: page %d with page size %d', (runs, page, pageSize, items, pages) => {
    expect(paginate([runs], { compare }, { page, pageSize })).toEqual({
      items,
      pagination: { total: runs.flat().length, page, pageSize, pages },
    });
  });

  it('reverses the order if descending', () => {
    const descending = (page: number) =>
      paginate([[['a'], ['b', 'c']]], { compare, descending: true }, { page, pageSize: 2 });
    expect([1, 2].map((page) => descending(page).items)).toEqual([['c', 'b'], ['a']]);
  });
});

describe('a page of several sources', () => {
  it('merges the sources', () => {
    const sources = [[['b', 'd']], [['a'], ['e']], [], [['c']]];
    const pages = [1, 2, 3].map((page) => paginate(sources, { compare }, { page, pageSize: 2 }).items);
    expect(pages).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect(paginate(sources, { compare, descending: true }, { page: 1, pageSize: 5 }).items).toEqual(
      letters.toReversed(),
    );
  });

  it('is empty without sources', () => {
    const { pagination } = paginate([], { compare }, { page: 1, pageSize: 2 });
    expect(pagination).toEqual({ total: 0, page: 1, pageSize: 2, pages: 0 });
  });
});

/** Distinct values, distributed over sources, each of which is split into runs. */
const sources = fc
  .uniqueArray(fc.string({ maxLength: 3 }), { maxLength: 40 })
  .chain((all) =>
    fc.tuple(
      fc.constant(all.toSorted(compare)),
      fc.array(fc.nat(11), { minLength: all.length, maxLength: all.length }),
    ),
  )
  .map(([all, places]) => {
    const distributed = [0, 1, 2].map((source) =>
      [0, 1, 2, 3].flatMap((run) => all.filter((_, index) => places[index] === source * 4 + run)).toSorted(compare),
    );
    return { all, sources: distributed.map((values) => [values.slice(0, 3), values.slice(3, 4), values.slice(4)]) };
  });

it('returns each item exactly once over all pages, in order', () => {
  fc.assert(
    fc.property(sources, fc.integer({ min: 1, max: 15 }), fc.boolean(), ({ all, sources }, pageSize, descending) => {
      const { pages } = paginate(sources, { compare, descending }, { page: 1, pageSize }).pagination;
      const seen = Array.from({ length: pages }, (_, index) => {
        return paginate(sources, { compare, descending }, { page: index + 1, pageSize }).items;
      });
      expect(seen.flat()).toEqual(descending ? all.toReversed() : all);
      expect(seen.slice(0, -1).every((items) => items.length === pageSize)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

it('is a part of the sorted whole, however uneven the sources are', () => {
  const numbers = fc.uniqueArray(fc.nat(5_000), { maxLength: 300 });
  const boundaries = fc.array(fc.nat(5_000), { maxLength: 4 });
  const places = fc.record({
    all: numbers,
    boundaries,
    page: fc.integer({ min: 1, max: 40 }),
    descending: fc.boolean(),
  });
  fc.assert(
    fc.property(places, fc.integer({ min: 1, max: 20 }), ({ all, boundaries, page, descending }, pageSize) => {
      // Each source has the numbers of one area, and the last one some of every area.
      const areaOf = (n: number) => (n % 7 === 0 ? boundaries.length + 1 : boundaries.filter((one) => one < n).length);
      const sorted = all.toSorted((a, b) => a - b);
      const uneven = Array.from({ length: boundaries.length + 2 }, (_, area) => [
        sorted.filter((n) => areaOf(n) === area),
      ]);
      const { items } = paginate(uneven, { compare: (a, b) => a - b, descending }, { page, pageSize });
      const whole = descending ? sorted.toReversed() : sorted;
      expect(items).toEqual(whole.slice((page - 1) * pageSize, page * pageSize));
    }),
    { numRuns: 1_000 },
  );
});

it.each([1, 500, 1_000])('reads few items of 20 sources for page %d of 1,000', (page) => {
  let reads = 0;
  const sources = Array.from({ length: 20 }, (_, source) => {
    const at = (index: number) => {
      reads += 1;
      return index * 20 + source;
    };
    return [{ length: 500, at }];
  });
  const { items } = paginate(sources, { compare: (a, b) => a - b }, { page, pageSize: 10 });
  expect(items).toEqual(Array.from({ length: 10 }, (_, index) => (page - 1) * 10 + index));
  expect(reads).toBeLessThan(2_000);
});

it.each([
  [0, 10],
  [-1, 10],
  [1.5, 10],
  [Number.NaN, 10],
  [1, 0],
  [1, Number.POSITIVE_INFINITY],
])('rejects page %d with page size %d', (page, pageSize) => {
  expect(() => paginate([[letters]], { compare }, { page, pageSize })).toThrow(RangeError);
});

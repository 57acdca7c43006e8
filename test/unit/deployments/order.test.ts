import { describe, expect, it } from 'vitest';
import { comparisons } from '../../../src/deployments/order.ts';
import { keys, record } from './support.ts';

const inNamespace = (...all: string[]) => all.map((key) => record(key));

describe('the order by namespace', () => {
  const { namespace } = comparisons;

  it('sorts by namespace, then name, by code units', () => {
    const sorted = inNamespace('a/b', 'a/b-1', 'a/b1', 'a/z', 'a-b/a', 'ab/a');
    expect(keys(sorted.toReversed().sort(namespace))).toEqual(keys(sorted));
  });

  it.each([
    ['Z', 'a'],
    ['a10', 'a2'],
    ['z', 'ä'],
    ['', 'a'],
  ])('sorts %j before %j in any locale', (first, second) => {
    expect(namespace(record(`n/${first}`), record(`n/${second}`))).toBe(-1);
    expect(namespace(record(`n/${second}`), record(`n/${first}`))).toBe(1);
    expect(namespace(record(`${first}/n`), record(`${second}/n`))).toBe(-1);
  });

  it('compares a record as equal to itself only, not to one of another cluster', () => {
    expect(namespace(record('a/b'), record('a/b'))).toBe(0);
    expect(namespace(record('a/b', { cluster: 'east' }), record('a/b', { cluster: 'west' }))).toBe(-1);
  });
});

describe('other orders', () => {
  const at = (creationTimestamp?: string) => ({ metadata: { creationTimestamp } });
  it.each([
    ['name' as const, [record('b/a'), record('a/b'), record('b/b'), record('a/c')]],
    [
      'state' as const,
      [
        record('b/b', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }),
        record('a/c'),
        record('b/a'),
        record('a/a', { spec: { replicas: 0 } }),
        record('a/b', { spec: { paused: true } }),
      ],
    ],
    [
      'created' as const,
      [
        record('z/z', at()),
        record('b/a', at('2025-12-31T23:59:59Z')),
        record('a/b', at('2026-01-01T00:00:00Z')),
        record('c/c', at('2026-01-01T00:00:00Z')),
      ],
    ],
    [
      'cluster' as const,
      [record('b/a', { cluster: 'east' }), record('b/b', { cluster: 'east' }), record('a/a', { cluster: 'west' })],
    ],
  ])('sort by %s, then by namespace and name', (by, sorted) => {
    for (const order of [sorted, sorted.toReversed(), [...sorted.slice(2), ...sorted.slice(0, 2)]]) {
      expect(keys([...order].sort(comparisons[by]))).toEqual(keys(sorted));
    }
  });
});

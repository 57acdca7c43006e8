import { expect, test } from 'vitest';
import { createDecisionCache } from '../../../src/access/decision-cache.ts';

const cached = (cache: { get(key: string): number | undefined }, ...keys: string[]) =>
  keys.filter((key) => cache.get(key) !== undefined);

test('evicts the oldest entry of a subject whose share is full', () => {
  const cache = createDecisionCache<number>({ total: 10, perSubject: 3 });
  cache.set('b', 'b1', 1);
  for (const key of ['a1', 'a2', 'a3']) cache.set('a', key, 1);
  cache.set('a', 'a1', 2);
  cache.set('a', 'a4', 1);
  expect(cached(cache, 'a1', 'a2', 'a3', 'a4', 'b1')).toEqual(['a1', 'a3', 'a4', 'b1']);
  expect(cache.get('a1')).toBe(2);
});

test('evicts the least recently used entry when the cache is full, and frees room in the share of its subject', () => {
  const cache = createDecisionCache<number>({ total: 3, perSubject: 2 });
  for (const key of ['a1', 'a2']) cache.set('a', key, 1);
  cache.set('b', 'b1', 1);
  cache.get('a1');
  cache.set('b', 'b2', 1);
  expect(cached(cache, 'a1', 'a2', 'b1', 'b2')).toEqual(['a1', 'b1', 'b2']);
  cache.get('a1');
  cache.set('a', 'a3', 1);
  expect(cached(cache, 'a1', 'a3')).toEqual(['a1', 'a3']);
});

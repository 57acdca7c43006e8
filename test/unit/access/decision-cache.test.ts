import { expect, test } from 'vitest';
import { createRemembered } from '../../../src/access/decision-cache.ts';

const known = (memory: { get(key: string): number | undefined }, ...keys: string[]) =>
  keys.filter((key) => memory.get(key) !== undefined);

test('an owner makes room by what was set for it longest ago', () => {
  const memory = createRemembered<number>({ total: 10, perOwner: 3 });
  memory.set('b', 'b1', 1);
  for (const key of ['a1', 'a2', 'a3']) memory.set('a', key, 1);
  memory.set('a', 'a1', 2);
  memory.set('a', 'a4', 1);
  expect(known(memory, 'a1', 'a2', 'a3', 'a4', 'b1')).toEqual(['a1', 'a3', 'a4', 'b1']);
  expect(memory.get('a1')).toBe(2);
});

test('what was not used for longest goes when all is full, and leaves room in its owner’s share', () => {
  const memory = createRemembered<number>({ total: 3, perOwner: 2 });
  for (const key of ['a1', 'a2']) memory.set('a', key, 1);
  memory.set('b', 'b1', 1);
  memory.get('a1');
  memory.set('b', 'b2', 1);
  expect(known(memory, 'a1', 'a2', 'b1', 'b2')).toEqual(['a1', 'b1', 'b2']);
  memory.get('a1');
  memory.set('a', 'a3', 1);
  expect(known(memory, 'a1', 'a3')).toEqual(['a1', 'a3']);
});

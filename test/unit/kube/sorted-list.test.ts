import { describe, expect, it } from 'vitest';
import { createSortedList } from '../../../src/kube/sorted-list.ts';

/** A list of numbers that counts comparisons. */
function createList(...initial: number[]) {
  const source = new Set(initial);
  let comparisons = 0;
  const compare = (a: number, b: number) => {
    comparisons += 1;
    return a - b;
  };
  const list = createSortedList(compare, () => source);
  return {
    list,
    comparisons: () => comparisons,
    add(value: number) {
      source.add(value);
      list.add(value);
    },
    remove(value: number) {
      source.delete(value);
      list.remove(value);
    },
    expected: () => [...source].sort((a, b) => a - b),
  };
}

describe('createSortedList', () => {
  it('sorts the values of the source', () => {
    expect(createList(3, 1, 2).list.values()).toEqual([1, 2, 3]);
    expect(createList().list.values()).toEqual([]);
  });

  it('contains changes before the first read once', () => {
    const { list, add, remove } = createList(3, 1);
    add(2);
    remove(1);
    expect(list.values()).toEqual([2, 3]);
  });

  it.each([1, 64, 65, 500])('stays sorted with %i changes between two reads', (changes) => {
    const { list, add, remove, expected } = createList(...Array.from({ length: 1_000 }, (_, index) => index * 2));
    list.values();
    for (let index = 0; index < changes; index += 1) {
      if (index % 3 === 0) remove(((index * 37) % 1_000) * 2);
      else add(((index * 53) % 1_000) * 2 + 1);
    }
    expect(list.values()).toEqual(expected());
  });

  it.each([10, 100])('does not contain what is added and removed between two reads, %i times', (times) => {
    const { list, add, remove } = createList(...Array.from({ length: 200 }, (_, index) => index));
    list.values();
    for (let value = 0; value < times; value += 1) {
      add(1_000 + value);
      remove(1_000 + value);
      remove(value);
      add(value);
    }
    expect(list.values()).toEqual(Array.from({ length: 200 }, (_, index) => index));
  });

  it('does not compare all values again after a change', () => {
    const { list, add, comparisons } = createList(...Array.from({ length: 1_000 }, (_, index) => index));
    list.values();
    const before = comparisons();
    add(500.5);
    expect(list.values()).toHaveLength(1_001);
    expect(comparisons() - before).toBeLessThan(20);
  });
});

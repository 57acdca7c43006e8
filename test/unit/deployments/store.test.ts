import fc from 'fast-check';
import { expect, it } from 'vitest';
import { comparisons, type OrderBy } from '../../../src/deployments/order.ts';
import { keys, record, storeOf } from './support.ts';

const orders = Object.keys(comparisons) as OrderBy[];

it('gives runs of the namespaces that are asked for and there', () => {
  const store = storeOf(['b/y', 'a/x', 'b/x', 'c/x'].map((key) => record(key)));
  expect(store.occupied()).toEqual(['a', 'b', 'c']);
  expect(store.inOrder('namespace', ['c', 'nowhere', 'b']).map(keys)).toEqual([['b/x', 'b/y'], ['c/x']]);
  expect(store.inOrder('name', ['c', 'b']).map(keys)).toEqual([['b/x', 'c/x', 'b/y']]);
  expect(store.inOrder('state', []).flat()).toEqual([]);
});

it('is in order, in each way, whatever came and went', () => {
  const change = fc.record({
    key: fc.constantFrom('a/x', 'a/y', 'b/x', 'b/y', 'c/x', 'c/z'),
    spec: fc.constantFrom(undefined, { replicas: 0 }, { paused: true }),
    creationTimestamp: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'),
    gone: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), fc.subarray(['a', 'b', 'c']), (changes, namespaces) => {
      const store = storeOf([record('b/y')]);
      for (const { key, spec, creationTimestamp, gone } of changes) {
        if (gone) store.remove(key);
        else store.upsert(record(key, { metadata: { creationTimestamp }, ...(spec && { spec }) }));
        // Asked for in between, so that orders over all are kept from then on.
        for (const by of orders) store.inOrder(by, ['a']);
      }
      const content = [...store.values()];
      expect(store.occupied()).toEqual([...new Set(content.map((one) => one.namespace))].sort());
      for (const by of orders) {
        const expected = content.filter((one) => namespaces.includes(one.namespace)).sort(comparisons[by]);
        expect(keys(store.inOrder(by, namespaces).flat())).toEqual(keys(expected));
        expect(keys(store.inOrder(by, store.occupied()).flat())).toEqual(keys(content.sort(comparisons[by])));
      }
    }),
    { numRuns: 300 },
  );
});

it('takes a fresh list, and says its size', () => {
  const store = storeOf([record('a/x'), record('b/x')]);
  store.replace([record('c/x')]);
  expect([store.size, store.occupied(), store.get('a/x')]).toEqual([1, ['c'], undefined]);
});

it('gives nothing of a namespace that came after it was asked which there are', () => {
  const store = storeOf([record('a/x')]);
  const before = store.occupied();
  store.upsert(record('b/x'));
  for (const by of orders) expect(keys(store.inOrder(by, before).flat())).toEqual(['a/x']);
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { comparisons, type OrderBy } from '../../../src/deployments/order.ts';
import type { DeploymentRecord } from '../../../src/deployments/record.ts';
import { itemsOf, keys, record, storeOf } from './support.ts';

const orders = Object.keys(comparisons) as OrderBy[];

it('returns the runs of the requested namespaces, ignoring missing ones', () => {
  const store = storeOf(['b/y', 'a/x', 'b/x', 'c/x'].map((key) => record(key)));
  expect(store.nonEmptyNamespaces()).toEqual(['a', 'b', 'c']);
  expect(itemsOf(store.inOrder('namespace', ['c', 'nowhere', 'b'])).map(keys)).toEqual([['b/x', 'b/y'], ['c/x']]);
  expect(itemsOf(store.inOrder('name', ['c', 'b'])).map(keys)).toEqual([['b/x', 'c/x', 'b/y']]);
  expect(itemsOf(store.inOrder('state', [])).flat()).toEqual([]);
});

it('stays sorted in each order through additions and removals', () => {
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
        // Creates the orders over all namespaces, which are then kept up to date.
        for (const by of orders) store.inOrder(by, ['a']);
      }
      const content = [...store.values()];
      expect(store.nonEmptyNamespaces()).toEqual([...new Set(content.map((one) => one.namespace))].sort());
      for (const by of orders) {
        const expected = content.filter((one) => namespaces.includes(one.namespace)).sort(comparisons[by]);
        expect(keys(itemsOf(store.inOrder(by, namespaces)).flat())).toEqual(keys(expected));
        const sorted = keys(content.sort(comparisons[by]));
        expect(keys(itemsOf(store.inOrder(by, 'all')).flat())).toEqual(sorted);
        expect(keys(itemsOf(store.inOrder(by, store.nonEmptyNamespaces())).flat())).toEqual(sorted);
      }
    }),
    { numRuns: 300 },
  );
});

it('replaces its content with a new list, and returns its size', () => {
  const store = storeOf([record('a/x'), record('b/x')]);
  store.replace([record('c/x')]);
  expect([store.size, store.nonEmptyNamespaces(), store.get('a/x')]).toEqual([1, ['c'], undefined]);
});

it('does not add a new namespace to an earlier list of namespaces', () => {
  const store = storeOf([record('a/x')]);
  const before = store.nonEmptyNamespaces();
  store.upsert(record('b/x'));
  for (const by of orders) expect(keys(itemsOf(store.inOrder(by, before)).flat())).toEqual(['a/x']);
});

/** Creates 1,000 Deployments in ten namespaces, of which `rare` has two. */
function manyRecords() {
  return Array.from({ length: 1_000 }, (_, n) => {
    const namespace = n % 500 === 3 ? 'rare' : `team-${n % 9}`;
    const creationTimestamp = new Date(((n * 7919) % 1_000) * 1_000).toISOString();
    return record(`${namespace}/web-${n}`, { metadata: { creationTimestamp } });
  });
}

it.each([[['rare']], [['rare', 'team-1']], [['team-0', 'team-5', 'team-8']]])(
  'sorts the Deployments of %j',
  (scope) => {
    const records = manyRecords();
    const store = storeOf(records);
    for (const by of orders) {
      const expected = records.filter(({ namespace }) => scope.includes(namespace)).sort(comparisons[by]);
      expect(keys(itemsOf(store.inOrder(by, scope)).flat())).toEqual(keys(expected));
    }
  },
);

it('selects the Deployments of some namespaces without reading them, once an order was used', () => {
  let reads = 0;
  const counted = (one: DeploymentRecord) => {
    const { namespace } = one;
    const get = () => {
      reads += 1;
      return namespace;
    };
    return Object.defineProperty(one, 'namespace', { get });
  };
  const store = storeOf(manyRecords().map(counted));
  const list = () => store.inOrder('created', ['team-0', 'team-1', 'team-2']);
  list();
  reads = 0;
  expect([list()[0]?.length, reads]).toEqual([334, 0]);
});

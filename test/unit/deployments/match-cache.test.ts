import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { type Condition, type Field, tested } from '../../../src/deployments/condition.ts';
import { conditionsOf } from '../../../src/deployments/filter.ts';
import { listDeployments } from '../../../src/deployments/listing.ts';
import type { NamespaceScope } from '../../../src/deployments/store.ts';
import { parseLabelSelector } from '../../../src/selector/label-selector.ts';
import { itemsOf, keys, record, storeOf } from './support.ts';

const name: Field = { id: 'name', read: (one) => one.name };

/** Creates a condition on the name that every Deployment meets and that counts its tests. */
function counted(id: string) {
  const count = { tests: 0 };
  const condition: Condition = tested(name, [id], () => {
    count.tests += 1;
    return true;
  });
  return { condition, count };
}

/** Creates conditions on a label that count how often a Deployment is read. */
function countedLabel(label: string) {
  const count = { reads: 0 };
  const field: Field = {
    id: `labels/${label}`,
    label,
    read({ labels }) {
      count.reads += 1;
      return labels[label];
    },
  };
  // Each has an id of its own, so that its matches are not cached.
  const condition = () => tested(field, [randomUUID()], () => true);
  return { condition, count };
}

const list = (store: ReturnType<typeof storeOf>, condition: Condition, scope: NamespaceScope = 'all') =>
  keys(itemsOf(store.inOrder('namespace', scope, [condition])).flat());

it('tests a filter once while nothing changes', () => {
  const store = storeOf([record('a/x'), record('b/y')]);
  const { condition, count } = counted('one');
  list(store, condition);
  const { tests } = count;
  expect(list(store, condition)).toEqual(['a/x', 'b/y']);
  expect(count.tests).toBe(tests);
  store.upsert(record('b/z', { metadata: { resourceVersion: '2' } }));
  expect(list(store, condition)).toEqual(['a/x', 'b/y', 'b/z']);
  expect(count.tests).toBeGreaterThan(tests);
});

it('shows a user only the visible namespaces of matches that another user has cached', () => {
  const store = storeOf([record('a/x'), record('b/y'), record('b/z')]);
  const query = { page: 1, pageSize: 10, by: 'namespace', descending: false } as const;
  const conditions = conditionsOf({ labels: parseLabelSelector('!app') });
  const listFor = (namespaces: NamespaceScope) => listDeployments([{ store, namespaces }], { ...query, conditions });
  expect(listFor('all').pagination.total).toBe(3);
  expect(listFor(['a'])).toMatchObject({ items: [{ key: 'a/x' }], pagination: { total: 1 } });
  expect(listFor([]).items).toEqual([]);
});

it('caches the matches of 32 filters', () => {
  const store = storeOf([record('a/x')]);
  const first = counted('first');
  list(store, first.condition);
  const { tests } = first.count;
  for (let n = 0; n < 31; n += 1) list(store, counted(String(n)).condition);
  list(store, first.condition);
  expect(first.count.tests).toBe(tests);
  for (let n = 0; n < 32; n += 1) list(store, counted(`other-${n}`).condition);
  list(store, first.condition);
  expect(first.count.tests).toBeGreaterThan(tests);
});

it('does not cache the matches of a long filter', () => {
  const store = storeOf([record('a/x')]);
  const long = counted('x'.repeat(2_000));
  list(store, long.condition);
  const { tests } = long.count;
  list(store, long.condition);
  expect(long.count.tests).toBeGreaterThan(tests);
});

it('keeps the columns of 16 labels', () => {
  const names = Array.from({ length: 17 }, (_, n) => `label-${n}`);
  const store = storeOf([record('a/x', { metadata: { labels: Object.fromEntries(names.map((one) => [one, 'x'])) } })]);
  const first = countedLabel('label-0');
  list(store, first.condition());
  for (const label of names.slice(1, 16)) list(store, countedLabel(label).condition());
  list(store, first.condition());
  expect(first.count.reads).toBe(1);
  for (const label of names.slice(1)) list(store, countedLabel(label).condition());
  list(store, first.condition());
  expect(first.count.reads).toBe(2);
});

it('reads no Deployment for a label that none has', () => {
  const store = storeOf([record('a/x', { metadata: { labels: { app: 'x' } } })]);
  const missing = countedLabel('missing');
  expect(list(store, missing.condition())).toEqual(['a/x']);
  expect(missing.count.reads).toBe(0);
  const app = countedLabel('app');
  list(store, app.condition());
  store.upsert(record('a/x', { metadata: { resourceVersion: '2' } }));
  const removed = countedLabel('app');
  list(store, removed.condition());
  expect([app.count.reads, removed.count.reads]).toEqual([2, 0]);
});

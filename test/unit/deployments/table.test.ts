import { expect, it } from 'vitest';
import { absent, exists, type Field, oneOf } from '../../../src/deployments/condition.ts';
import { createTable } from '../../../src/deployments/table.ts';
import { record } from './support.ts';

const withLabel = (value: string) => record('a/x', { metadata: { labels: { app: value } } });

function countedField() {
  const count = { reads: 0 };
  const field: Field = {
    id: 'labels/app',
    read({ labels }) {
      count.reads += 1;
      return labels.app;
    },
  };
  return { field, count };
}

it('uses the row of a removed Deployment again', () => {
  const table = createTable();
  const rows = [table.add(withLabel('a')), table.add(withLabel('b'))];
  table.remove(rows[0] ?? -1);
  expect(table.add(withLabel('c'))).toBe(rows[0]);
  const { field } = countedField();
  expect([...table.select([oneOf(field, new Set(['b', 'c']))])]).toEqual([1, 1]);
  expect([...table.select([oneOf(field, new Set(['a']))])]).toEqual([0, 0]);
});

it('creates a column again when most of its texts are no longer used', () => {
  const table = createTable();
  const row = table.add(withLabel('0'));
  const { field, count } = countedField();
  const select = (value: string) => table.select([oneOf(field, new Set([value]))])[row];
  expect(select('0')).toBe(1);
  for (let n = 1; n <= 3_000; n += 1) table.replace(row, withLabel(String(n)));
  // The column is gone after a thousand texts, and is not updated any more.
  expect(count.reads).toBeLessThan(1_100);
  expect([select('0'), select('3000')]).toEqual([0, 1]);
});

it('selects by several fields without creating a column for each', () => {
  const table = createTable();
  table.add(record('a/x', { metadata: { labels: { one: 'a', two: 'b', three: 'c' } } }));
  table.add(record('a/y', { metadata: { labels: { one: 'a', two: 'b', three: 'd' } } }));
  const field = (label: string): Field => ({ id: label, read: ({ labels }) => labels[label] });
  const conditions = Object.entries({ one: 'a', two: 'b', three: 'd' });
  const select = () => [...table.select(conditions.map(([label, value]) => oneOf(field(label), new Set([value]))))];
  for (let n = 0; n < 4; n += 1) expect(select()).toEqual([0, 1]);
});

it('reads each Deployment a few times at most, however many labels a selector names', () => {
  const table = createTable();
  const names = Array.from({ length: 100 }, (_, n) => `label-${n}`);
  // Each label exists, so none can be decided without reading.
  for (const name of names) table.add(record(`a/${name}`, { metadata: { labels: { [name]: 'x' } } }));
  table.add(record('a/none'));
  let reads = 0;
  const counted = (label: string): Field => ({
    id: `labels/${label}`,
    label,
    read({ labels }) {
      reads += 1;
      return labels[label];
    },
  });
  const selected = table.select(names.map((name) => absent(counted(name))));
  expect(selected).toEqual(Uint8Array.from([...names.map(() => 0), 1]));
  expect(table.select([...names.slice(0, 2).map((name) => exists(counted(name)))]).includes(1)).toBe(false);
  expect(reads).toBeLessThanOrEqual(4 * selected.length);
});

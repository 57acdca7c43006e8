import { LRUCache } from 'lru-cache';
import { type Column, createColumn } from './column.ts';
import type { Condition, Field } from './condition.ts';
import type { DeploymentRecord } from './record.ts';

/**
 * Deployments by row number. The fields that filters use are also kept as columns, because reading 50,000 objects
 * takes a hundred times as long as reading a column.
 */
export interface Table {
  /** The Deployment of a row in use. */
  get(row: number): DeploymentRecord;
  /** @returns its row, which it keeps until it is removed */
  add(record: DeploymentRecord): number;
  replace(row: number, record: DeploymentRecord): void;
  remove(row: number): void;
  /** @returns by row in use, 1 if it meets all conditions, otherwise 0 */
  select(conditions: readonly Condition[]): Uint8Array;
}

/** Bounds the memory whatever labels users select by. Each column takes four bytes per row, and the distinct texts. */
const maxColumns = 16;
/** Texts that are no longer used are allowed up to the number of rows, or this number. */
const minUnusedTexts = 1_000;

export function createTable(): Table {
  const records: (DeploymentRecord | undefined)[] = [];
  const unused: number[] = [];
  const columns = new LRUCache<string, { field: Field; column: Column }>({ max: maxColumns });

  function set(row: number, record: DeploymentRecord): void {
    records[row] = record;
    for (const [id, { field, column }] of columns.entries()) {
      column.set(row, field.read(record));
      if (column.distinct > 2 * records.length + minUnusedTexts) columns.delete(id);
    }
  }

  /** A label that no Deployment has gets no column, so that it cannot evict one that is used. */
  function createFor(field: Field): Column {
    const column = createColumn(records.length);
    for (const [row, record] of records.entries()) if (record) column.set(row, field.read(record));
    if (column.distinct > 0) columns.set(field.id, { field, column });
    return column;
  }

  /** Reads the Deployments that the mask still contains. */
  function selectByReading({ field, accepts }: Condition, mask: Uint8Array): void {
    for (const [row, record] of records.entries()) {
      if (mask[row] === 1 && !(record && accepts(field.read(record)))) mask[row] = 0;
    }
  }

  return {
    get: (row) => records[row] as DeploymentRecord,
    add(record) {
      const row = unused.pop() ?? records.length;
      set(row, record);
      return row;
    },
    replace: set,
    remove(row) {
      records[row] = undefined;
      unused.push(row);
    },
    select(conditions) {
      const mask = new Uint8Array(records.length).fill(1);
      const others: Condition[] = [];
      // One selector creates one column at most: creating it costs as much as reading all Deployments.
      let mayCreate = true;
      for (const condition of conditions) {
        const known = columns.get(condition.field.id)?.column;
        const column = known ?? (mayCreate ? createFor(condition.field) : undefined);
        if (known === undefined) mayCreate = false;
        if (column) column.select(condition, mask);
        else others.push(condition);
      }
      for (const condition of others) selectByReading(condition, mask);
      return mask;
    },
  };
}

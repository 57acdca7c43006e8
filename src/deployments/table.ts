import { LRUCache } from 'lru-cache';
import { type Column, createColumn } from './column.ts';
import type { Condition, Field } from './condition.ts';
import { combineLabelConditions } from './label-conditions.ts';
import { createLabelCounts } from './label-counts.ts';
import type { DeploymentRecord } from './record.ts';

/**
 * Deployments by row number. The fields that filters use are also kept as columns, because reading 50,000 objects
 * takes a hundred times as long as reading a column.
 */
export interface Table {
  /** All rows are below this number. */
  readonly size: number;
  /** The Deployment of a row in use. */
  get(row: number): DeploymentRecord;
  /** @returns its row, which it keeps until it is removed */
  add(record: DeploymentRecord): number;
  replace(row: number, record: DeploymentRecord): void;
  remove(row: number): void;
  /** @returns for each row in use, 1 if it meets all conditions, otherwise 0 */
  select(conditions: readonly Condition[]): Uint8Array;
}

/** Bounds the memory, whatever labels users select. Each column takes four bytes per row, and the distinct texts. */
const maxColumns = 16;
/** Texts that are no longer used are allowed up to the number of rows, or this number. */
const minUnusedTexts = 1_000;

export function createTable(): Table {
  const records: (DeploymentRecord | undefined)[] = [];
  const unused: number[] = [];
  const labelCounts = createLabelCounts();
  const columns = new LRUCache<string, { field: Field; column: Column }>({ max: maxColumns });

  function set(row: number, record: DeploymentRecord): void {
    clear(row);
    records[row] = record;
    labelCounts.add(record.labels);
    for (const [id, { field, column }] of columns.entries()) {
      column.set(row, field.read(record));
      if (column.distinct > 2 * records.length + minUnusedTexts) columns.delete(id);
    }
  }

  function clear(row: number): void {
    const record = records[row];
    if (record) labelCounts.remove(record.labels);
    records[row] = undefined;
  }

  /** A label that no Deployment has needs no column, so it cannot evict one that is used. */
  function isUnknown({ label }: Field): boolean {
    return label !== undefined && !labelCounts.has(label);
  }

  function create(field: Field): Column {
    const column = createColumn(records.length);
    for (const [row, record] of records.entries()) if (record) column.set(row, field.read(record));
    columns.set(field.id, { field, column });
    return column;
  }

  /** Reads each Deployment that the mask still contains once, however many conditions there are. */
  function selectByReading(conditions: readonly Condition[], mask: Uint8Array): void {
    const others = conditions.filter(({ field }) => field.label === undefined);
    const acceptsLabels = combineLabelConditions(conditions.filter(({ field }) => field.label !== undefined));
    const isAccepted = (record: DeploymentRecord) =>
      acceptsLabels(record.labels) && others.every(({ field, accepts }) => accepts(field.read(record)));
    for (const [row, record] of records.entries()) {
      if (mask[row] === 1 && !(record && isAccepted(record))) mask[row] = 0;
    }
  }

  return {
    get size() {
      return records.length;
    },
    get: (row) => records[row] as DeploymentRecord,
    add(record) {
      const row = unused.pop() ?? records.length;
      set(row, record);
      return row;
    },
    replace: set,
    remove(row) {
      clear(row);
      unused.push(row);
    },
    select(conditions) {
      const mask = new Uint8Array(records.length).fill(1);
      const others: Condition[] = [];
      // One selector creates one column at most: creating it costs as much as reading all Deployments.
      let created: Column | undefined;
      for (const condition of conditions) {
        if (isUnknown(condition.field)) {
          if (!condition.accepts(undefined)) return mask.fill(0);
          continue;
        }
        let column = columns.get(condition.field.id)?.column;
        if (!column && !created) column = created = create(condition.field);
        if (column) column.select(condition, mask);
        else others.push(condition);
      }
      if (others.length > 0) selectByReading(others, mask);
      return mask;
    },
  };
}

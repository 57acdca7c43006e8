/** What every record in a store has. */
export interface Stored {
  /** namespace/name, or the name of a cluster-scoped object. */
  readonly key: string;
  readonly resourceVersion: string;
}

/** A change of one key. At least one of `previous` and `current` is set. */
export interface Change<T> {
  readonly key: string;
  readonly previous?: T;
  readonly current?: T;
}

/** In-memory records of one resource, written only by its reflector. */
export interface Store<T extends Stored, I extends string = never> {
  get(key: string): T | undefined;
  values(): IterableIterator<T>;
  readonly size: number;
  /** Records with this value of the index, in no particular order. */
  byIndex(index: I, value: string): readonly T[];
  /**
   * Calls the listener after each change. A listener must return quickly and must not throw.
   *
   * @returns a function that unsubscribes it
   */
  subscribe(listener: (change: Change<T>) => void): () => void;
  /** @throws the error of an indexer; the store is then unchanged */
  upsert(record: T): void;
  remove(key: string): void;
  /**
   * Replaces the content with the records of a list. Listeners are called only for records that changed.
   *
   * @throws the error of an indexer; the store then has the earlier records of the list, each in all indexes
   */
  replace(records: readonly T[]): void;
}

export function createStore<T extends Stored, I extends string = never>(
  indexers: Record<I, (record: T) => readonly string[]>,
): Store<T, I> {
  const records = new Map<string, T>();
  const listeners = new Set<(change: Change<T>) => void>();
  const names = Object.keys(indexers) as I[];
  const indexes = new Map<I, Index<T>>(names.map((name) => [name, new Map()]));

  function set(previous: T | undefined, current: T | undefined): void {
    // All values are computed before the first change, so that an indexer that throws leaves the store as it was.
    const moves = names.map((name) => ({
      index: indexes.get(name),
      from: previous ? indexers[name](previous) : [],
      to: current ? indexers[name](current) : [],
    }));
    for (const { index, from, to } of moves) {
      if (previous) removeFromIndex(index, from, previous);
      if (current) addToIndex(index, to, current);
    }
    const key = (current ?? previous)?.key;
    if (key === undefined) return;
    if (current) records.set(key, current);
    else records.delete(key);
    const change = { key, ...(previous && { previous }), ...(current && { current }) };
    for (const listener of listeners) listener(change);
  }

  return {
    get: (key) => records.get(key),
    values: () => records.values(),
    get size() {
      return records.size;
    },
    byIndex(index, value) {
      const entry = indexes.get(index)?.get(value);
      if (entry === undefined) return [];
      return entry instanceof Set ? [...entry] : [entry];
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    upsert: (record) => set(records.get(record.key), record),
    remove: (key) => set(records.get(key), undefined),
    replace(fresh) {
      const keys = new Set(fresh.map((record) => record.key));
      for (const key of [...records.keys()]) if (!keys.has(key)) set(records.get(key), undefined);
      for (const record of fresh) {
        const previous = records.get(record.key);
        if (previous?.resourceVersion !== record.resourceVersion) set(previous, record);
      }
    },
  };
}

/** The records with each value. Most values have one record, and a set takes several times the memory of a reference. */
type Index<T> = Map<string, T | Set<T>>;

function addToIndex<T>(index: Index<T> | undefined, values: readonly string[], record: T): void {
  for (const value of values) {
    const entry = index?.get(value);
    if (entry instanceof Set) entry.add(record);
    else index?.set(value, entry === undefined || entry === record ? record : new Set([entry, record]));
  }
}

function removeFromIndex<T>(index: Index<T> | undefined, values: readonly string[], record: T): void {
  for (const value of values) {
    const entry = index?.get(value);
    if (entry instanceof Set) {
      entry.delete(record);
      if (entry.size === 0) index?.delete(value);
    } else if (entry === record) index?.delete(value);
  }
}

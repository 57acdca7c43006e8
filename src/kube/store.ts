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
  upsert(record: T): void;
  remove(key: string): void;
  /** Replaces the content with the records of a list. Listeners are called only for records that changed. */
  replace(records: readonly T[]): void;
}

export function createStore<T extends Stored, I extends string = never>(
  indexers: Record<I, (record: T) => readonly string[]>,
): Store<T, I> {
  const records = new Map<string, T>();
  const listeners = new Set<(change: Change<T>) => void>();
  const names = Object.keys(indexers) as I[];
  const indexes = new Map<I, Map<string, Set<T>>>(names.map((name) => [name, new Map()]));

  function set(previous: T | undefined, current: T | undefined): void {
    for (const name of names) {
      if (previous) removeFromIndex(indexes.get(name), indexers[name](previous), previous);
      if (current) addToIndex(indexes.get(name), indexers[name](current), current);
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
    byIndex: (index, value) => [...(indexes.get(index)?.get(value) ?? [])],
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

function addToIndex<T>(index: Map<string, Set<T>> | undefined, values: readonly string[], record: T): void {
  for (const value of values) {
    const set = index?.get(value) ?? new Set();
    index?.set(value, set.add(record));
  }
}

function removeFromIndex<T>(index: Map<string, Set<T>> | undefined, values: readonly string[], record: T): void {
  for (const value of values) {
    const set = index?.get(value);
    set?.delete(record);
    if (set?.size === 0) index?.delete(value);
  }
}

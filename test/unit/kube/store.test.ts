import { describe, expect, it } from 'vitest';
import { type Change, createStore } from '../../../src/kube/store.ts';

interface Fruit {
  key: string;
  resourceVersion: string;
  colours: string[];
}

const fruit = (key: string, resourceVersion: string, ...colours: string[]): Fruit => ({
  key,
  resourceVersion,
  colours,
});

function createFruits() {
  const store = createStore<Fruit, 'colour' | 'initial'>({
    colour: (one) => one.colours,
    initial: (one) => [one.key.slice(0, 1)],
  });
  const changes: Change<Fruit>[] = [];
  store.subscribe((change) => changes.push(change));
  return { store, changes };
}

const keys = (records: Iterable<Fruit>) => [...records].map((one) => one.key).sort();

describe('a store', () => {
  const apple = fruit('apple', '1', 'red', 'green');
  const banana = fruit('banana', '2', 'yellow');

  it('is empty initially', () => {
    const { store } = createFruits();
    expect([store.size, store.get('apple'), [...store.values()]]).toEqual([0, undefined, []]);
    expect(store.byIndex('colour', 'red')).toEqual([]);
  });

  it('returns inserted records and notifies listeners', () => {
    const { store, changes } = createFruits();
    store.upsert(apple);
    store.upsert(banana);
    expect(store.get('apple')).toBe(apple);
    expect(store.size).toBe(2);
    expect(keys(store.values())).toEqual(['apple', 'banana']);
    expect(changes).toStrictEqual([
      { key: 'apple', current: apple },
      { key: 'banana', current: banana },
    ]);
  });

  it('replaces a record and notifies listeners of both versions', () => {
    const { store, changes } = createFruits();
    const riper = fruit('apple', '3', 'red');
    store.upsert(apple);
    store.upsert(riper);
    expect(store.get('apple')).toBe(riper);
    expect(store.size).toBe(1);
    expect(changes[1]).toStrictEqual({ key: 'apple', previous: apple, current: riper });
  });

  it('removes a record and notifies listeners once', () => {
    const { store, changes } = createFruits();
    store.upsert(apple);
    store.remove('apple');
    store.remove('apple');
    store.remove('never there');
    expect([store.size, store.get('apple')]).toEqual([0, undefined]);
    expect(changes.slice(1)).toStrictEqual([{ key: 'apple', previous: apple }]);
  });

  it('is updated before listeners are called', () => {
    const { store } = createFruits();
    const seen: (Fruit | undefined)[] = [];
    store.subscribe(({ key }) => seen.push(store.get(key), store.byIndex('colour', 'yellow')[0]));
    store.upsert(banana);
    store.remove('banana');
    expect(seen).toEqual([banana, banana, undefined, undefined]);
  });

  it('calls every listener', () => {
    const { store, changes } = createFruits();
    const notified: string[] = [];
    store.subscribe(({ key }) => notified.push(key));
    store.upsert(apple);
    expect([notified, changes.length]).toEqual([['apple'], 1]);
  });
});

describe('an index', () => {
  it('finds a record by each of its values, and all records of a value', () => {
    const { store } = createFruits();
    store.upsert(fruit('apple', '1', 'red', 'green'));
    store.upsert(fruit('cherry', '1', 'red'));
    store.upsert(fruit('water', '1'));
    expect(keys(store.byIndex('colour', 'red'))).toEqual(['apple', 'cherry']);
    expect(keys(store.byIndex('colour', 'green'))).toEqual(['apple']);
    expect(store.byIndex('colour', 'blue')).toEqual([]);
    for (const name of ['apple', 'cherry', 'water']) {
      expect(keys(store.byIndex('initial', name.slice(0, 1)))).toEqual([name]);
    }
  });

  it('is updated when the values of a record change', () => {
    const { store } = createFruits();
    store.upsert(fruit('apple', '1', 'green', 'red'));
    store.upsert(fruit('apple', '2', 'red', 'brown'));
    expect(store.byIndex('colour', 'green')).toEqual([]);
    expect(store.byIndex('colour', 'red')).toEqual([store.get('apple')]);
    expect(store.byIndex('colour', 'brown')).toEqual([store.get('apple')]);
  });

  it('returns no records for a value after they were removed', () => {
    const { store } = createFruits();
    store.upsert(fruit('apple', '1', 'red'));
    store.upsert(fruit('cherry', '1', 'red'));
    store.remove('apple');
    expect([keys(store.byIndex('colour', 'red')), store.byIndex('initial', 'a')]).toEqual([['cherry'], []]);
    store.replace([]);
    expect([store.byIndex('colour', 'red'), store.byIndex('initial', 'c')]).toEqual([[], []]);
  });

  it('returns a record once even if it has a value twice', () => {
    const { store } = createFruits();
    store.upsert(fruit('apple', '1', 'red', 'red'));
    expect(store.byIndex('colour', 'red')).toHaveLength(1);
    store.remove('apple');
    expect(store.byIndex('colour', 'red')).toEqual([]);
  });

  it.each(['__proto__', 'constructor', 'toString', ''])('accepts any value: %j', (value) => {
    const { store } = createFruits();
    expect(store.byIndex('colour', value)).toEqual([]);
    store.upsert(fruit('odd', '1', value));
    expect(store.byIndex('colour', value)).toEqual([store.get('odd')]);
  });

  it('returns a list that later changes do not affect', () => {
    const { store } = createFruits();
    store.upsert(fruit('apple', '1', 'red'));
    const red = store.byIndex('colour', 'red');
    store.remove('apple');
    expect(keys(red)).toEqual(['apple']);
  });
});

describe('replace', () => {
  it('notifies listeners only of records that changed', () => {
    const { store, changes } = createFruits();
    const [same, changed, gone] = [fruit('same', '1', 'red'), fruit('changed', '1', 'red'), fruit('gone', '1', 'red')];
    store.replace([same, changed, gone]);
    expect(changes).toHaveLength(3);
    const [now, fresh] = [fruit('changed', '2', 'blue'), fruit('fresh', '2', 'blue')];
    store.replace([fruit('same', '1', 'red'), now, fresh]);
    expect(changes.slice(3)).toStrictEqual([
      { key: 'gone', previous: gone },
      { key: 'changed', previous: changed, current: now },
      { key: 'fresh', current: fresh },
    ]);
    expect(keys(store.values())).toEqual(['changed', 'fresh', 'same']);
    expect(keys(store.byIndex('colour', 'red'))).toEqual(['same']);
    expect(keys(store.byIndex('colour', 'blue'))).toEqual(['changed', 'fresh']);
  });

  it('does not notify listeners when the list is the same', () => {
    const { store, changes } = createFruits();
    const list = () => [fruit('a', '1', 'red'), fruit('b', '1', 'blue')];
    store.replace(list());
    store.replace(list());
    expect(changes).toHaveLength(2);
  });

  it('indexes one and several records with the same value, also while they are replaced and removed', () => {
    const { store } = createFruits();
    const red = () => keys(store.byIndex('colour', 'red'));
    store.upsert(fruit('a', '1', 'red', 'red'));
    expect(red()).toEqual(['a']);
    store.upsert(fruit('b', '1', 'red'));
    store.upsert(fruit('a', '2', 'red'));
    expect(red()).toEqual(['a', 'b']);
    store.remove('b');
    expect(red()).toEqual(['a']);
    store.remove('a');
    expect(red()).toEqual([]);
  });

  it('empties the store', () => {
    const { store, changes } = createFruits();
    store.replace([fruit('a', '1'), fruit('b', '1')]);
    store.replace([]);
    expect(store.size).toBe(0);
    expect(changes.slice(2).map(({ key, current }) => [key, current])).toEqual([
      ['a', undefined],
      ['b', undefined],
    ]);
  });

  it('accepts an older resourceVersion, as after a restore of etcd', () => {
    const { store } = createFruits();
    store.replace([fruit('a', '9', 'red')]);
    store.replace([fruit('a', '5', 'blue')]);
    expect(store.get('a')?.colours).toEqual(['blue']);
  });

  it('does not change, nor any other, if an indexer throws', () => {
    const store = createStore<Fruit, 'first' | 'second'>({
      first: ({ colours }) => colours.slice(0, 1),
      second({ colours: [, second] }) {
        if (second === undefined) throw new Error('no second colour');
        return [second];
      },
    });
    const changes: unknown[] = [];
    const apple = fruit('apple', '1', 'red', 'green');
    store.upsert(apple);
    store.subscribe((change) => changes.push(change));
    expect(() => store.upsert(fruit('apple', '2', 'brown'))).toThrow('no second colour');
    expect(() => store.upsert(fruit('banana', '1', 'yellow'))).toThrow('no second colour');
    expect([store.byIndex('first', 'red'), store.byIndex('second', 'green')]).toEqual([[apple], [apple]]);
    expect([store.byIndex('first', 'brown'), store.byIndex('first', 'yellow')]).toEqual([[], []]);
    expect([[...store.values()], changes]).toEqual([[apple], []]);
  });
});

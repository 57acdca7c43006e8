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

  it('is empty at first', () => {
    const { store } = createFruits();
    expect([store.size, store.get('apple'), [...store.values()]]).toEqual([0, undefined, []]);
    expect([store.byIndex('colour', 'red'), store.indexValues('colour')]).toEqual([[], []]);
  });

  it('gives what was put in, and tells of it', () => {
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

  it('replaces a record and tells of both', () => {
    const { store, changes } = createFruits();
    const riper = fruit('apple', '3', 'red');
    store.upsert(apple);
    store.upsert(riper);
    expect(store.get('apple')).toBe(riper);
    expect(store.size).toBe(1);
    expect(changes[1]).toStrictEqual({ key: 'apple', previous: apple, current: riper });
  });

  it('removes a record and tells of it, once', () => {
    const { store, changes } = createFruits();
    store.upsert(apple);
    store.remove('apple');
    store.remove('apple');
    store.remove('never there');
    expect([store.size, store.get('apple')]).toEqual([0, undefined]);
    expect(changes.slice(1)).toStrictEqual([{ key: 'apple', previous: apple }]);
  });

  it('has changed already when a listener hears of it', () => {
    const { store } = createFruits();
    const seen: (Fruit | undefined)[] = [];
    store.subscribe(({ key }) => seen.push(store.get(key), store.byIndex('colour', 'yellow')[0]));
    store.upsert(banana);
    store.remove('banana');
    expect(seen).toEqual([banana, banana, undefined, undefined]);
  });

  it('tells every listener', () => {
    const { store, changes } = createFruits();
    const heard: string[] = [];
    store.subscribe(({ key }) => heard.push(key));
    store.upsert(apple);
    expect([heard, changes.length]).toEqual([['apple'], 1]);
  });
});

describe('an index', () => {
  it('finds a record under each of its values, and each record of a value', () => {
    const { store } = createFruits();
    store.upsert(fruit('apple', '1', 'red', 'green'));
    store.upsert(fruit('cherry', '1', 'red'));
    store.upsert(fruit('water', '1'));
    expect(keys(store.byIndex('colour', 'red'))).toEqual(['apple', 'cherry']);
    expect(keys(store.byIndex('colour', 'green'))).toEqual(['apple']);
    expect(store.byIndex('colour', 'blue')).toEqual([]);
    expect([...store.indexValues('colour')].sort()).toEqual(['green', 'red']);
    expect([...store.indexValues('initial')].sort()).toEqual(['a', 'c', 'w']);
  });

  it('follows a record whose values change', () => {
    const { store } = createFruits();
    store.upsert(fruit('apple', '1', 'green', 'red'));
    store.upsert(fruit('apple', '2', 'red', 'brown'));
    expect(store.byIndex('colour', 'green')).toEqual([]);
    expect(store.byIndex('colour', 'red')).toEqual([store.get('apple')]);
    expect(store.byIndex('colour', 'brown')).toEqual([store.get('apple')]);
    expect([...store.indexValues('colour')].sort()).toEqual(['brown', 'red']);
  });

  it('forgets a value that no record has any more', () => {
    const { store } = createFruits();
    store.upsert(fruit('apple', '1', 'red'));
    store.upsert(fruit('cherry', '1', 'red'));
    store.remove('apple');
    expect(store.indexValues('colour')).toEqual(['red']);
    store.replace([]);
    expect([store.indexValues('colour'), store.indexValues('initial')]).toEqual([[], []]);
  });

  it('lists a record once though it has a value twice', () => {
    const { store } = createFruits();
    store.upsert(fruit('apple', '1', 'red', 'red'));
    expect(store.byIndex('colour', 'red')).toHaveLength(1);
    store.remove('apple');
    expect(store.byIndex('colour', 'red')).toEqual([]);
  });

  it.each(['__proto__', 'constructor', 'toString', ''])('takes any value: %j', (value) => {
    const { store } = createFruits();
    expect(store.byIndex('colour', value)).toEqual([]);
    store.upsert(fruit('odd', '1', value));
    expect(store.byIndex('colour', value)).toEqual([store.get('odd')]);
  });

  it('gives a list of its own, which later changes leave alone', () => {
    const { store } = createFruits();
    store.upsert(fruit('apple', '1', 'red'));
    const red = store.byIndex('colour', 'red');
    store.remove('apple');
    expect(keys(red)).toEqual(['apple']);
  });
});

describe('replace', () => {
  it('tells only of what really changed', () => {
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

  it('tells nothing when the list is the same', () => {
    const { store, changes } = createFruits();
    const list = () => [fruit('a', '1', 'red'), fruit('b', '1', 'blue')];
    store.replace(list());
    store.replace(list());
    expect(changes).toHaveLength(2);
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

  it('takes an older resourceVersion too, as after a restore of etcd', () => {
    const { store } = createFruits();
    store.replace([fruit('a', '9', 'red')]);
    store.replace([fruit('a', '5', 'blue')]);
    expect(store.get('a')?.colours).toEqual(['blue']);
  });
});

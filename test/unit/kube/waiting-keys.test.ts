import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createWaitingKeys, type Priority, type WaitingKey, type WaitingKeys } from '../../../src/kube/waiting-keys.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Adds keys one millisecond after the other. */
function add(waiting: WaitingKeys, priority: Priority, ...keys: string[]): void {
  for (const key of keys) {
    vi.advanceTimersByTime(1);
    waiting.add(key, priority);
  }
}

const ranks: readonly Priority[] = ['urgent', 'high', 'normal', 'low'];
const isIdle = () => false;
const namespaceOf = (key: string) => key.slice(0, key.indexOf('/'));

function takeAll(waiting: WaitingKeys, isBusy = (_: string) => false): string[] {
  const taken: string[] = [];
  for (let next = waiting.take(isBusy); next; next = waiting.take(isBusy)) taken.push(next.key);
  return taken;
}

const numbered = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}${n}`);

describe('waiting keys', () => {
  it('are taken by priority, then in the order in which they were added', () => {
    const waiting = createWaitingKeys();
    add(waiting, 'low', 'l1', 'l2');
    add(waiting, 'normal', 'n1', 'n2');
    add(waiting, 'high', 'h1', 'h2');
    expect(takeAll(waiting)).toEqual(['h1', 'h2', 'n1', 'n2', 'l1', 'l2']);
  });

  it('wait once, however often they are added', () => {
    const waiting = createWaitingKeys();
    expect(waiting.add('a', 'normal')).toBe(true);
    for (const priority of ['low', 'normal', 'high', 'low'] as const) expect(waiting.add('a', priority)).toBe(false);
    expect(waiting.size).toBe(1);
    expect(takeAll(waiting)).toEqual(['a']);
  });

  it('are promoted by a higher priority and keep the time since when they wait', () => {
    const waiting = createWaitingKeys();
    add(waiting, 'low', 'a', 'b', 'c');
    const since = performance.now() - 1;
    add(waiting, 'high', 'b');
    expect(waiting.take(() => false)).toEqual({ key: 'b', priority: 'high', since });
  });

  it('are not demoted by a lower priority', () => {
    const waiting = createWaitingKeys();
    add(waiting, 'normal', 'a');
    add(waiting, 'high', 'b');
    add(waiting, 'low', 'b');
    expect(takeAll(waiting)).toEqual(['b', 'a']);
  });

  it('do not wait forever behind keys of a higher priority', () => {
    const waiting = createWaitingKeys();
    add(waiting, 'low', 'old');
    add(waiting, 'normal', 'newer');
    add(waiting, 'high', ...numbered('h', 100));
    const taken = takeAll(waiting);
    expect([taken.indexOf('old'), taken.indexOf('newer')]).toEqual([7, 15]);
  });

  it('leave most starts to a high priority, whatever else waits', () => {
    const waiting = createWaitingKeys();
    add(waiting, 'normal', ...numbered('backlog', 1_000));
    add(waiting, 'high', ...numbered('h', 70));
    const first = takeAll(waiting).slice(0, 80);
    expect(first.filter((key) => key.startsWith('h'))).toHaveLength(70);
  });

  it('are skipped while they are busy', () => {
    const waiting = createWaitingKeys();
    add(waiting, 'high', 'a');
    add(waiting, 'low', 'b');
    expect(takeAll(waiting, (key) => key === 'a')).toEqual(['b']);
    expect(waiting.size).toBe(1);
    expect(takeAll(waiting)).toEqual(['a']);
  });

  it('are gone after clear', () => {
    const waiting = createWaitingKeys();
    add(waiting, 'low', 'a');
    waiting.clear();
    expect([waiting.size, takeAll(waiting)]).toEqual([0, []]);
  });
});

describe('groups of waiting keys', () => {
  it('take turns within a priority, so a large group does not delay a small one', () => {
    const waiting = createWaitingKeys(namespaceOf);
    add(waiting, 'normal', ...numbered('large/', 10_000));
    add(waiting, 'normal', 'small/a', 'small/b', 'other/c');
    const taken = takeAll(waiting);
    expect(taken.slice(0, 6)).toEqual(['large/0', 'small/a', 'other/c', 'large/1', 'small/b', 'large/2']);
    expect(taken).toHaveLength(10_003);
  });

  it('take turns also across priorities, so urgent keys of one group do not delay new keys of another', () => {
    const waiting = createWaitingKeys(namespaceOf);
    add(waiting, 'urgent', ...numbered('edited/', 10_000));
    add(waiting, 'normal', 'other/a');
    add(waiting, 'low', 'other/b');
    expect(takeAll(waiting).slice(0, 4)).toEqual(['edited/0', 'other/a', 'edited/1', 'other/b']);
  });

  it('leave half of the starts and more to urgent keys, however many groups wait', () => {
    const waiting = createWaitingKeys(namespaceOf);
    for (let n = 0; n < 100; n += 1) add(waiting, 'high', ...numbered(`backlog-${n}/`, 100));
    add(waiting, 'urgent', ...numbered('user/', 50));
    const first = takeAll(waiting).slice(0, 100);
    expect(first.filter((key) => key.startsWith('user/')).length).toBeGreaterThanOrEqual(50);
  });

  it('skip a group whose keys are all busy', () => {
    const waiting = createWaitingKeys(namespaceOf);
    add(waiting, 'urgent', 'a/1', 'a/2');
    add(waiting, 'low', 'b/1');
    expect(takeAll(waiting, (key) => key.startsWith('a/'))).toEqual(['b/1']);
    expect(waiting.size).toBe(2);
  });

  it('have urgent keys taken alone, in turns', () => {
    const waiting = createWaitingKeys(namespaceOf);
    add(waiting, 'high', 'c/1');
    add(waiting, 'urgent', 'a/1', 'a/2', 'b/1');
    const takeUrgent = () => waiting.takeUrgent((key) => key === 'a/2')?.key;
    expect([takeUrgent(), takeUrgent(), takeUrgent(), waiting.size]).toEqual(['a/1', 'b/1', undefined, 2]);
  });

  it('are each served within a number of starts that depends only on the number of groups', () => {
    const groups = ['a', 'b', 'c', 'd'];
    // Of eight starts, three are turns of all groups.
    const bound = 8 * (Math.ceil(groups.length / 3) + 1);
    const addition = fc.record({
      key: fc.tuple(fc.constantFrom(...groups), fc.nat(30)).map(([group, n]) => `${group}/${n}`),
      priority: fc.constantFrom<Priority>('urgent', 'high', 'normal', 'low'),
    });
    const step = fc.oneof({ weight: 2, arbitrary: addition }, fc.constant('take' as const));
    fc.assert(
      fc.property(fc.array(step, { minLength: 50, maxLength: 300 }), (steps) => {
        const waiting = createWaitingKeys(namespaceOf);
        const model = new Map<string, Priority>();
        const startsSince = new Map<string, number>();
        const taken = (one: WaitingKey | undefined) => {
          expect(one?.priority).toBe(one && model.get(one.key));
          if (!one) return expect(model.size).toBe(0);
          model.delete(one.key);
          for (const group of groups) {
            const isWaiting = [...model.keys()].some((key) => namespaceOf(key) === group);
            const isServed = namespaceOf(one.key) === group || !isWaiting;
            startsSince.set(group, isServed ? 0 : (startsSince.get(group) ?? 0) + 1);
            expect(startsSince.get(group)).toBeLessThanOrEqual(bound);
          }
        };
        for (const one of steps) {
          if (one === 'take') {
            taken(waiting.take(isIdle));
            continue;
          }
          const known = model.get(one.key);
          expect(waiting.add(one.key, one.priority)).toBe(known === undefined);
          if (known === undefined || ranks.indexOf(one.priority) < ranks.indexOf(known))
            model.set(one.key, one.priority);
          expect(waiting.size).toBe(model.size);
        }
        while (waiting.size > 0) taken(waiting.take(isIdle));
        expect(model.size).toBe(0);
      }),
    );
  });
});

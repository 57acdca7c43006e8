import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createWaitingKeys, type Priority, type WaitingKeys } from '../../../src/kube/waiting-keys.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Adds keys one millisecond after the other. */
function add(waiting: WaitingKeys, priority: Priority, ...keys: string[]): void {
  for (const key of keys) {
    vi.advanceTimersByTime(1);
    waiting.add(key, priority);
  }
}

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

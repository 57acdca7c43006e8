import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createStore } from '../../../src/kube/store.ts';
import { createWorkQueue, type WorkQueueOptions } from '../../../src/kube/work-queue.ts';
import type { WorkQueueMetrics } from '../../../src/kube/work-queue-metrics.ts';

beforeEach(() => {
  vi.useFakeTimers();
  // The delay after n failures is then exactly baseMs * 2 ** (n - 1).
  vi.spyOn(Math, 'random').mockReturnValue(1);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A queue whose handler waits for the test to say how each handling ends. */
function createQueue(options: Partial<WorkQueueOptions> = {}) {
  const handled: string[] = [];
  const failed: [string, unknown][] = [];
  const running = new Map<string, PromiseWithResolvers<number | undefined>>();
  const queue = createWorkQueue({
    concurrency: 2,
    backoff: { baseMs: 100, maxMs: 1_000 },
    handle(key) {
      handled.push(key);
      if (running.has(key)) throw new Error(`${key} is handled twice at once`);
      const end = Promise.withResolvers<number | undefined>();
      running.set(key, end);
      return end.promise.finally(() => running.delete(key));
    },
    onFailure(key, error) {
      failed.push([key, error]);
      return 0;
    },
    ...options,
  });
  const settle = () => vi.advanceTimersByTimeAsync(0);
  return {
    queue,
    handled,
    failed,
    running: () => [...running.keys()],
    settle,
    async end(key: string, requeueAfter?: number) {
      await settle();
      running.get(key)?.resolve(requeueAfter);
      await settle();
    },
    async fail(key: string, error: unknown = new Error('no')) {
      await settle();
      running.get(key)?.reject(error);
      await settle();
    },
  };
}

describe('a work queue', () => {
  it('handles each key that is added', async () => {
    const { queue, handled, end, settle } = createQueue();
    queue.add('a');
    queue.add('b');
    await settle();
    expect([handled, queue.depth]).toEqual([['a', 'b'], 2]);
    await end('a');
    await end('b');
    expect([handled, queue.depth]).toEqual([['a', 'b'], 0]);
  });

  it('handles no more keys at once than it may, in the order of adding', async () => {
    const { queue, running, handled, end, settle } = createQueue();
    for (const key of ['a', 'b', 'c', 'd']) queue.add(key);
    await settle();
    expect([running(), queue.depth]).toEqual([['a', 'b'], 4]);
    await end('b');
    expect([running(), queue.depth]).toEqual([['a', 'c'], 3]);
    await end('a');
    await end('c');
    await end('d');
    expect([handled, queue.depth]).toEqual([['a', 'b', 'c', 'd'], 0]);
  });

  it('lets a key wait once, however often it is added', async () => {
    const { queue, handled, end, settle } = createQueue({ concurrency: 1 });
    for (const key of ['a', 'b', 'b', 'b']) queue.add(key);
    await settle();
    expect(queue.depth).toBe(2);
    await end('a');
    await end('b');
    expect([handled, queue.depth]).toEqual([['a', 'b'], 0]);
  });

  it('handles a key that is added while it is handled once more afterwards, never twice at once', async () => {
    const { queue, running, handled, end, settle } = createQueue();
    queue.add('a');
    await settle();
    for (let times = 0; times < 3; times += 1) queue.add('a');
    await settle();
    expect([running(), handled]).toEqual([['a'], ['a']]);
    await end('a');
    expect([running(), handled]).toEqual([['a'], ['a', 'a']]);
    await end('a');
    expect([running(), handled, queue.depth]).toEqual([[], ['a', 'a'], 0]);
  });

  it('passes over a key that is being handled and takes the next', async () => {
    const { queue, running, settle } = createQueue();
    queue.add('a');
    await settle();
    queue.add('a');
    queue.add('b');
    await settle();
    expect(running()).toEqual(['a', 'b']);
  });

  it('does not begin to handle a key before who adds it is done: it may be in the middle of a change', async () => {
    const seen: number[] = [];
    const store = createStore<{ key: string; resourceVersion: string }>({});
    const queue = createWorkQueue({
      concurrency: 8,
      backoff: { baseMs: 100, maxMs: 1_000 },
      handle: async () => {
        seen.push(store.size);
        return undefined;
      },
      onFailure: () => 0,
    });
    store.subscribe(({ key }) => queue.add(key));
    store.replace(['a', 'b', 'c'].map((key) => ({ key, resourceVersion: '1' })));
    await vi.advanceTimersByTimeAsync(0);
    expect(seen).toEqual([3, 3, 3]);
  });

  it('never handles a key twice at once, even when its handling adds it before it waits for anything', async () => {
    let now = 0;
    let most = 0;
    let times = 0;
    const queue = createWorkQueue({
      concurrency: 8,
      backoff: { baseMs: 100, maxMs: 1_000 },
      async handle(key) {
        now += 1;
        times += 1;
        most = Math.max(most, now);
        if (times === 1) queue.add(key);
        await undefined;
        now -= 1;
        return undefined;
      },
      onFailure: () => 0,
    });
    queue.add('a');
    await vi.advanceTimersByTimeAsync(0);
    expect([times, most]).toEqual([2, 1]);
  });
});

describe('a failure', () => {
  it('is told, and the key is tried again with growing delays', async () => {
    const { queue, handled, failed, fail, settle } = createQueue();
    const error = new Error('no');
    queue.add('a');
    await settle();
    for (const [times, delay] of [100, 200, 400, 800, 1_000, 1_000].entries()) {
      await fail('a', error);
      expect([handled.length, failed.length, queue.depth]).toEqual([times + 1, times + 1, 0]);
      await vi.advanceTimersByTimeAsync(delay - 1);
      expect(handled).toHaveLength(times + 1);
      await vi.advanceTimersByTimeAsync(1);
      expect(handled).toHaveLength(times + 2);
    }
    expect(failed.every(([key, told]) => key === 'a' && told === error)).toBe(true);
  });

  it('is forgotten after a success', async () => {
    const { queue, handled, fail, end } = createQueue();
    queue.add('a');
    await fail('a');
    await vi.advanceTimersByTimeAsync(100);
    await fail('a');
    await vi.advanceTimersByTimeAsync(200);
    await end('a');
    queue.add('a');
    await fail('a');
    await vi.advanceTimersByTimeAsync(100);
    expect(handled).toHaveLength(5);
  });

  it('that asks for more than half a minute waits as long, and for years not for nothing', async () => {
    const asked = [60_000, 10 * 365 * 86_400_000];
    const { queue, handled, fail } = createQueue({ onFailure: () => asked.shift() ?? 0 });
    queue.add('a');
    await fail('a');
    await vi.advanceTimersByTimeAsync(59_999);
    expect(handled).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(handled).toHaveLength(2);
    await fail('a');
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(handled).toHaveLength(2);
  });

  it('of one key does not delay another', async () => {
    const { queue, handled, fail, end, settle } = createQueue();
    queue.add('a');
    await fail('a');
    queue.add('b');
    await settle();
    await end('b');
    expect(handled).toEqual(['a', 'b']);
  });

  it('waits as long as the failure itself asks for, when that is longer', async () => {
    const asked = [5_000, 50];
    const { queue, handled, fail } = createQueue({ onFailure: () => asked.shift() ?? 0 });
    queue.add('a');
    await fail('a');
    await vi.advanceTimersByTimeAsync(4_999);
    expect(handled).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(handled).toHaveLength(2);
    await fail('a');
    await vi.advanceTimersByTimeAsync(199);
    expect(handled).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(handled).toHaveLength(3);
  });

  it('thrown before the handler waits for anything counts too', async () => {
    const failed: string[] = [];
    const queue = createWorkQueue({
      concurrency: 1,
      backoff: { baseMs: 100, maxMs: 1_000 },
      handle() {
        throw new Error('at once');
      },
      onFailure: (key) => failed.push(key) && 0,
    });
    queue.add('a');
    await vi.advanceTimersByTimeAsync(100);
    expect(failed).toEqual(['a', 'a']);
  });

  it('does not hold up a key that is added again in the meantime', async () => {
    const { queue, handled, fail, settle } = createQueue();
    queue.add('a');
    await fail('a');
    queue.add('a');
    await settle();
    expect(handled).toEqual(['a', 'a']);
    // The attempt took the place of the one that was waiting.
    await vi.advanceTimersByTimeAsync(100);
    expect(queue.depth).toBe(1);
  });
});

describe('a delay', () => {
  it('brings the key back', async () => {
    const { queue, handled, end } = createQueue();
    queue.add('a');
    await end('a', 30_000);
    expect(queue.depth).toBe(0);
    await vi.advanceTimersByTimeAsync(29_999);
    expect(handled).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(handled).toHaveLength(2);
  });

  it('is replaced by that of the next handling', async () => {
    const { queue, handled, end } = createQueue();
    queue.add('a');
    await end('a', 10_000);
    queue.add('a');
    await end('a', 20_000);
    await vi.advanceTimersByTimeAsync(19_999);
    expect(handled).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(handled).toHaveLength(3);
  });

  it('is dropped when the next handling asks for none', async () => {
    const { queue, handled, end } = createQueue();
    queue.add('a');
    await end('a', 30_000);
    queue.add('a');
    await end('a');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(handled).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('of years does not come back at once, but is asked for again each half minute: the clock may have jumped', async () => {
    const { queue, handled, end } = createQueue();
    queue.add('a');
    for (let times = 1; times < 4; times += 1) {
      await end('a', 10 * 365 * 86_400_000);
      await vi.advanceTimersByTimeAsync(29_999);
      expect(handled).toHaveLength(times);
      await vi.advanceTimersByTimeAsync(1);
      expect(handled).toHaveLength(times + 1);
    }
  });

  it('of nothing comes back, after the other keys', async () => {
    const { queue, handled, end } = createQueue({ concurrency: 1 });
    queue.add('a');
    queue.add('b');
    await end('a', 0);
    await end('b');
    expect(handled).toEqual(['a', 'b', 'a']);
  });
});

describe('shutDown', () => {
  it('waits for what is being handled and starts nothing more', async () => {
    const { queue, handled, end, settle } = createQueue();
    let down = false;
    for (const key of ['a', 'b', 'c']) queue.add(key);
    await settle();
    const done = queue.shutDown().then(() => {
      down = true;
    });
    queue.add('d');
    await end('a', 1_000);
    expect([down, handled]).toEqual([false, ['a', 'b']]);
    await end('b');
    await done;
    expect([down, handled, queue.depth, vi.getTimerCount()]).toEqual([true, ['a', 'b'], 0, 0]);
    await vi.advanceTimersByTimeAsync(100_000);
    expect(handled).toEqual(['a', 'b']);
  });

  it('drops what was to be done later', async () => {
    const { queue, handled, end, fail } = createQueue();
    queue.add('a');
    queue.add('b');
    await end('a', 1_000);
    await fail('b');
    await queue.shutDown();
    await vi.advanceTimersByTimeAsync(100_000);
    expect(handled).toEqual(['a', 'b']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('resolves though the last handling fails, and tries no more', async () => {
    const { queue, handled, failed, fail } = createQueue();
    queue.add('a');
    const done = queue.shutDown();
    await fail('a');
    await done;
    await vi.advanceTimersByTimeAsync(100_000);
    expect([handled, failed.length]).toEqual([['a'], 1]);
  });

  it('resolves when there is nothing to wait for', async () => {
    await expect(createQueue().queue.shutDown()).resolves.toBeUndefined();
  });
});

describe('the metrics', () => {
  function createMeasured(options: Partial<WorkQueueOptions> = {}) {
    const told: string[] = [];
    const metrics: WorkQueueMetrics = {
      depth: (keys) => told.push(`depth ${keys}`),
      added: () => told.push('added'),
      retried: () => told.push('retried'),
      started: (seconds) => told.push(`started after ${seconds}`),
      handled: (result, seconds) => told.push(`${result} in ${seconds}`),
    };
    return { ...createQueue({ concurrency: 1, metrics, ...options }), told: () => told.splice(0) };
  }

  it('are told of each key, how long it waited and how long it took', async () => {
    const { queue, settle, end, told } = createMeasured();
    queue.add('a');
    queue.add('b');
    queue.add('b');
    expect(told()).toEqual(['added', 'depth 1', 'added', 'depth 2']);
    await settle();
    expect(told()).toEqual(['depth 1', 'started after 0']);
    await vi.advanceTimersByTimeAsync(2_000);
    await end('a');
    expect(told()).toEqual(['success in 2', 'depth 0', 'started after 2']);
  });

  it('are told of a failure and of the next attempt', async () => {
    const { queue, settle, fail, told } = createMeasured();
    queue.add('a');
    await settle();
    told();
    await fail('a');
    expect(told()).toEqual(['error in 0', 'retried']);
    await vi.advanceTimersByTimeAsync(100);
    expect(told()).toEqual(['added', 'depth 1', 'depth 0', 'started after 0']);
  });

  it('are told of a key that is to be looked at again', async () => {
    const { queue, settle, end, told } = createMeasured();
    queue.add('a');
    await settle();
    told();
    await end('a', 5_000);
    expect(told()).toEqual(['requeue_after in 0']);
  });

  it('are told that nothing waits any more after shutDown', async () => {
    const { queue, settle, end, told } = createMeasured();
    queue.add('a');
    queue.add('b');
    await settle();
    const done = queue.shutDown();
    await end('a');
    await done;
    expect(told().findLast((one) => one.startsWith('depth'))).toBe('depth 0');
  });
});

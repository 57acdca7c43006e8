import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createStore } from '../../../src/kube/store.ts';
import { createWorkQueue, type WorkQueueMetrics, type WorkQueueOptions } from '../../../src/kube/work-queue.ts';

beforeEach(() => {
  vi.useFakeTimers();
  // The delay after n failures is then exactly baseMs * 2 ** (n - 1).
  vi.spyOn(Math, 'random').mockReturnValue(1);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A queue whose handler waits until the test ends each handling. */
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
    expect([handled, queue.size]).toEqual([['a', 'b'], 2]);
    await end('a');
    await end('b');
    expect([handled, queue.size]).toEqual([['a', 'b'], 0]);
  });

  it('handles at most `concurrency` keys at the same time, in the order in which they were added', async () => {
    const { queue, running, handled, end, settle } = createQueue();
    for (const key of ['a', 'b', 'c', 'd']) queue.add(key);
    await settle();
    expect([running(), queue.size]).toEqual([['a', 'b'], 4]);
    await end('b');
    expect([running(), queue.size]).toEqual([['a', 'c'], 3]);
    await end('a');
    await end('c');
    await end('d');
    expect([handled, queue.size]).toEqual([['a', 'b', 'c', 'd'], 0]);
  });

  it('queues a key once even if it is added several times', async () => {
    const { queue, handled, end, settle } = createQueue({ concurrency: 1 });
    for (const key of ['a', 'b', 'b', 'b']) queue.add(key);
    await settle();
    expect(queue.size).toBe(2);
    await end('a');
    await end('b');
    expect([handled, queue.size]).toEqual([['a', 'b'], 0]);
  });

  it('handles a key that is added while it is handled again afterwards, never twice at the same time', async () => {
    const { queue, running, handled, end, settle } = createQueue();
    queue.add('a');
    await settle();
    for (let times = 0; times < 3; times += 1) queue.add('a');
    await settle();
    expect([running(), handled]).toEqual([['a'], ['a']]);
    await end('a');
    expect([running(), handled]).toEqual([['a'], ['a', 'a']]);
    await end('a');
    expect([running(), handled, queue.size]).toEqual([[], ['a', 'a'], 0]);
  });

  it('skips a key that is being handled and starts the next one', async () => {
    const { queue, running, settle } = createQueue();
    queue.add('a');
    await settle();
    queue.add('a');
    queue.add('b');
    await settle();
    expect(running()).toEqual(['a', 'b']);
  });

  it('starts to handle a key only after the caller that added it has finished its change', async () => {
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

  it('never handles a key twice at the same time, even if its handler adds it synchronously', async () => {
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

describe('a priority', () => {
  it('decides which key starts next, also for a key that already waits', async () => {
    const { queue, handled, end } = createQueue({ concurrency: 1 });
    for (const key of ['a', 'b', 'c']) queue.add(key);
    await end('a');
    queue.add('c', 'high');
    queue.add('d', 'high');
    for (const key of ['b', 'c', 'd']) await end(key);
    expect(handled).toEqual(['a', 'b', 'c', 'd']);
    queue.add('e', 'low');
    queue.add('f');
    queue.add('e', 'high');
    await end('f');
    await end('e');
    expect(handled.slice(4)).toEqual(['e', 'f']);
  });

  it('is kept by the retry after a failure, but not by a delay that the handler asks for', async () => {
    const { queue, handled, end, fail } = createQueue({ concurrency: 1 });
    queue.add('failing', 'high');
    await fail('failing');
    queue.add('delayed', 'high');
    await end('delayed', 100);
    for (const key of ['a', 'b']) queue.add(key);
    await vi.advanceTimersByTimeAsync(100);
    for (const key of ['a', 'failing', 'b', 'delayed']) await end(key);
    expect(handled.slice(2)).toEqual(['a', 'failing', 'b', 'delayed']);
  });
});

describe('a reserve', () => {
  const groupOf = (key: string) => key.slice(0, key.indexOf('/'));

  it('handles urgent keys while slow ones occupy the queue, and no others', async () => {
    const { queue, running, handled, end, settle } = createQueue({ reserve: 2, groupOf });
    for (const key of ['slow/1', 'slow/2', 'slow/3', 'slow/4']) queue.add(key, 'high');
    await settle();
    queue.add('user/1', 'urgent');
    await end('user/1');
    expect(running()).toEqual(['slow/1', 'slow/2']);
    await end('slow/1');
    expect(handled).toEqual(['slow/1', 'slow/2', 'user/1', 'slow/3']);
  });

  it('cannot be occupied by one group', async () => {
    const { queue, running, end, settle } = createQueue({ reserve: 2, groupOf });
    for (const n of [1, 2, 3, 4, 5]) queue.add(`slow/${n}`, 'urgent');
    await settle();
    expect(running()).toEqual(['slow/1', 'slow/2', 'slow/3']);
    queue.add('user/1', 'urgent');
    await settle();
    expect(running()).toEqual(['slow/1', 'slow/2', 'slow/3', 'user/1']);
    await end('slow/3');
    expect(running()).toEqual(['slow/1', 'slow/2', 'user/1', 'slow/4']);
  });

  it('never handles a key twice at the same time', async () => {
    const { queue, running, handled, end, settle } = createQueue({ reserve: 2, groupOf });
    for (const key of ['a/1', 'a/2']) queue.add(key);
    await settle();
    queue.add('a/1', 'urgent');
    await settle();
    expect(running()).toEqual(['a/1', 'a/2']);
    await end('a/1');
    expect(handled).toEqual(['a/1', 'a/2', 'a/1']);
  });
});

describe('a failure', () => {
  it('is reported, and the key is retried with growing delays', async () => {
    const { queue, handled, failed, fail, settle } = createQueue();
    const error = new Error('no');
    queue.add('a');
    await settle();
    for (const [times, delay] of [100, 200, 400, 800, 1_000, 1_000].entries()) {
      await fail('a', error);
      expect([handled.length, failed.length, queue.size]).toEqual([times + 1, times + 1, 0]);
      await vi.advanceTimersByTimeAsync(delay - 1);
      expect(handled).toHaveLength(times + 1);
      await vi.advanceTimersByTimeAsync(1);
      expect(handled).toHaveLength(times + 2);
    }
    expect(failed.every(([key, reported]) => key === 'a' && reported === error)).toBe(true);
  });

  it('no longer counts after a success', async () => {
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

  it('delays the retry by the time that it requires, also by years', async () => {
    const required = [60_000, 10 * 365 * 86_400_000];
    const { queue, handled, fail } = createQueue({ onFailure: () => required.shift() ?? 0 });
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

  it('delays the retry by the time that it requires, if that is longer than the backoff', async () => {
    const required = [5_000, 50];
    const { queue, handled, fail } = createQueue({ onFailure: () => required.shift() ?? 0 });
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

  it('may be thrown synchronously', async () => {
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

  it('does not delay a key that is added again', async () => {
    const { queue, handled, fail, settle } = createQueue();
    queue.add('a');
    await fail('a');
    queue.add('a');
    await settle();
    expect(handled).toEqual(['a', 'a']);
    // The attempt replaced the one that was waiting.
    await vi.advanceTimersByTimeAsync(100);
    expect(queue.size).toBe(1);
  });
});

describe('a delay', () => {
  it('requeues the key', async () => {
    const { queue, handled, end } = createQueue();
    queue.add('a');
    await end('a', 30_000);
    expect(queue.size).toBe(0);
    await vi.advanceTimersByTimeAsync(29_999);
    expect(handled).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(handled).toHaveLength(2);
  });

  it('is replaced by the delay from the next handling', async () => {
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

  it('is dropped if the next handling requires none', async () => {
    const { queue, handled, end } = createQueue();
    queue.add('a');
    await end('a', 30_000);
    queue.add('a');
    await end('a');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(handled).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('of years does not end immediately', async () => {
    const { queue, handled, end } = createQueue();
    queue.add('a');
    await end('a', 10 * 365 * 86_400_000);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(handled).toHaveLength(1);
  });

  it('of 0 requeues the key after the other keys', async () => {
    const { queue, handled, end } = createQueue({ concurrency: 1 });
    queue.add('a');
    queue.add('b');
    await end('a', 0);
    await end('b');
    expect(handled).toEqual(['a', 'b', 'a']);
  });
});

describe('shutDown', () => {
  it('waits for the keys that are being handled and starts no others', async () => {
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
    expect([down, handled, queue.size, vi.getTimerCount()]).toEqual([true, ['a', 'b'], 0, 0]);
    await vi.advanceTimersByTimeAsync(100_000);
    expect(handled).toEqual(['a', 'b']);
  });

  it('drops delayed keys', async () => {
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

  it('resolves even if the last handling fails, without a retry', async () => {
    const { queue, handled, failed, fail } = createQueue();
    queue.add('a');
    const done = queue.shutDown();
    await fail('a');
    await done;
    await vi.advanceTimersByTimeAsync(100_000);
    expect([handled, failed.length]).toEqual([['a'], 1]);
  });

  it('resolves if no key is being handled', async () => {
    await expect(createQueue().queue.shutDown()).resolves.toBeUndefined();
  });
});

describe('metrics', () => {
  function createMeasured(options: Partial<WorkQueueOptions> = {}) {
    const recorded: string[] = [];
    const metrics: WorkQueueMetrics = {
      depth: (keys) => recorded.push(`depth ${keys}`),
      added: () => recorded.push('added'),
      retried: () => recorded.push('retried'),
      started: (seconds) => recorded.push(`started after ${seconds}`),
      handled: (result, seconds) => recorded.push(`${result} in ${seconds}`),
    };
    return { ...createQueue({ concurrency: 1, metrics, ...options }), recorded: () => recorded.splice(0) };
  }

  it('record each key, how long it waited and how long its handling took', async () => {
    const { queue, settle, end, recorded } = createMeasured();
    queue.add('a');
    queue.add('b');
    queue.add('b');
    expect(recorded()).toEqual(['added', 'depth 1', 'added', 'depth 2']);
    await settle();
    expect(recorded()).toEqual(['depth 1', 'started after 0']);
    await vi.advanceTimersByTimeAsync(2_000);
    await end('a');
    expect(recorded()).toEqual(['success in 2', 'depth 0', 'started after 2']);
  });

  it('record a failure and the next attempt', async () => {
    const { queue, settle, fail, recorded } = createMeasured();
    queue.add('a');
    await settle();
    recorded();
    await fail('a');
    expect(recorded()).toEqual(['error in 0', 'retried']);
    await vi.advanceTimersByTimeAsync(100);
    expect(recorded()).toEqual(['added', 'depth 1', 'depth 0', 'started after 0']);
  });

  it('record a requeued key', async () => {
    const { queue, settle, end, recorded } = createMeasured();
    queue.add('a');
    await settle();
    recorded();
    await end('a', 5_000);
    expect(recorded()).toEqual(['requeue_after in 0']);
  });

  it('record that no key waits after shutDown', async () => {
    const { queue, settle, end, recorded } = createMeasured();
    queue.add('a');
    queue.add('b');
    await settle();
    const done = queue.shutDown();
    await end('a');
    await done;
    expect(recorded().findLast((one) => one.startsWith('depth'))).toBe('depth 0');
  });
});

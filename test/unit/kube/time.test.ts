import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { aborted, backoffMs, isAhead, pause, untilAborted } from '../../../src/kube/time.ts';
import { now } from '../../support/builders.ts';

describe('aborted', () => {
  it('resolves when the signal aborts and not earlier', async () => {
    const controller = new AbortController();
    const ended = aborted(controller.signal).then(() => 'aborted');
    expect(await Promise.race([ended, new Promise((resolve) => setImmediate(resolve, 'waiting'))])).toBe('waiting');
    controller.abort();
    expect(await ended).toBe('aborted');
  });

  it('resolves immediately if the signal has already aborted', async () => {
    await expect(aborted(AbortSignal.abort())).resolves.toBeUndefined();
  });
});

describe('untilAborted', () => {
  const pending = new Promise(() => undefined);

  it('ends with the promise and leaves no listener behind', async () => {
    const { signal } = new AbortController();
    await untilAborted(Promise.resolve(), signal);
    await expect(untilAborted(Promise.reject(new Error('failed')), signal)).rejects.toThrow('failed');
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('ends when the signal aborts, also if it already has', async () => {
    const controller = new AbortController();
    const ended = untilAborted(pending, controller.signal);
    controller.abort();
    await expect(ended).resolves.toBeUndefined();
    await expect(untilAborted(pending, controller.signal)).resolves.toBeUndefined();
  });
});

describe('pause', () => {
  it('resolves after the time', async () => {
    await expect(pause(1, new AbortController().signal)).resolves.toBeUndefined();
  });

  it('resolves without an error when the signal aborts', async () => {
    const controller = new AbortController();
    const ended = pause(1_000_000, controller.signal);
    controller.abort();
    await expect(ended).resolves.toBeUndefined();
    await expect(pause(1_000_000, controller.signal)).resolves.toBeUndefined();
  });
});

const backoff = { baseMs: 200, maxMs: 60_000 };

describe('backoffMs', () => {
  it.each([
    [1, 200],
    [2, 400],
    [3, 800],
    [8, 25_600],
    [9, 51_200],
    [10, 60_000],
    [11, 60_000],
    [1_000, 60_000],
    [Number.MAX_SAFE_INTEGER, 60_000],
  ])('after %d failures is between half and all of %d ms', (failures, full) => {
    expect(backoffMs(failures, backoff, () => 0)).toBe(full / 2);
    expect(backoffMs(failures, backoff, () => 0.5)).toBe(full * 0.75);
    expect(backoffMs(failures, backoff, () => 1)).toBe(full);
  });

  it('does not exceed the maximum on the first failure', () => {
    expect(backoffMs(1, { baseMs: 500, maxMs: 100 }, () => 1)).toBe(100);
  });

  it('is random', () => {
    const delays = new Set(Array.from({ length: 20 }, () => backoffMs(5, backoff)));
    expect(delays.size).toBeGreaterThan(1);
    for (const delay of delays) expect(delay >= 1_600 && delay <= 3_200).toBe(true);
  });
});

describe('isAhead', () => {
  it.each([
    ['the past', -1, false],
    ['now', 0, false],
    ['the allowed clock skew', 300_000, false],
    ['more than the allowed clock skew', 300_001, true],
  ])('%s', (_, difference, ahead) => {
    expect(isAhead(now + difference, now)).toBe(ahead);
  });
});

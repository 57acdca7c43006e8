import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDecisions, type Decide } from '../../../src/access/decisions.ts';
import { UndecidedError } from '../../../src/access/limit.ts';
import { ConnectionError, KubernetesError } from '../../../src/kube/errors.ts';

let milliseconds: number;
let asked: string[];
let staleDecisions: number;
let answer: (question: string) => boolean | Promise<boolean>;
/** Whether questions wait in the queue. */
let isQueued: boolean;
let isWatching: boolean;
let decide: Decide<string>;

beforeEach(() => {
  milliseconds = 1_000;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.spyOn(performance, 'now').mockImplementation(() => milliseconds);
  asked = [];
  staleDecisions = 0;
  answer = () => true;
  isQueued = false;
  isWatching = true;
  decide = createDecisions<string>({
    cacheSeconds: 10,
    maxStaleSeconds: 60,
    isWatching: () => isWatching,
    usedStaleDecision: () => (staleDecisions += 1),
    subjectKeyOf: (question) => question.split(' ')[0] ?? '',
    async ask(question, sent) {
      asked.push(question);
      if (!isQueued) sent();
      return answer(question);
    },
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

async function wait(time: number): Promise<void> {
  milliseconds += time;
  await vi.advanceTimersByTimeAsync(time);
}

const about = (key: string) => decide(key, key);
const fail = (error: Error) => () => Promise.reject(error);
const unreachable = fail(new ConnectionError('no answer'));
const never = () => new Promise<never>(() => undefined);

/** Returns a function that returns whether the promise has settled. */
function observe(promise: Promise<unknown>): () => boolean {
  let isSettled = false;
  promise.then(
    () => (isSettled = true),
    () => (isSettled = true),
  );
  return () => isSettled;
}

describe('a decision', () => {
  it('is cached from the time of the question, however long the answer takes', async () => {
    const late = Promise.withResolvers<boolean>();
    answer = () => late.promise;
    const first = about('a');
    await wait(4_000);
    late.resolve(true);
    expect(await first).toBe(true);
    answer = () => false;
    await wait(5_900);
    expect(await about('a')).toBe(true);
    await wait(200);
    expect(await about('a')).toBe(false);
  });

  it('is counted for the caller that caused the review, not for one that shares it or hits the cache', async () => {
    const counts = [0, 0, 0].map(() => ({ reviews: 0 }));
    const [first, second, third] = counts;
    await Promise.all([decide('a', 'a', first), decide('a', 'a', second), decide('b', 'b', first)]);
    await decide('a', 'a', third);
    expect(counts).toEqual([{ reviews: 2 }, { reviews: 0 }, { reviews: 0 }]);
  });
});

describe('when the cluster is unavailable', () => {
  it.each([
    ['no answer', new ConnectionError('no answer')],
    ['429', new KubernetesError('slow down', { status: 429, reason: 'TooManyRequests' })],
    ['500', new KubernetesError('broken', { status: 500, reason: 'InternalError' })],
    ['503', new KubernetesError('later', { status: 503, reason: 'ServiceUnavailable' })],
  ])('falls back to a stale decision on %s, also to a denial', async (_, error) => {
    answer = (question) => question === 'yes';
    await Promise.all([about('yes'), about('no')]);
    answer = fail(error);
    await wait(59_900);
    expect([await about('yes'), await about('no')]).toEqual([true, false]);
    expect(staleDecisions).toBe(2);
    await wait(200);
    await expect(about('yes')).rejects.toBe(error);
    await expect(about('no')).rejects.toBe(error);
    expect(staleDecisions).toBe(2);
  });

  it.each([400, 401, 403, 404, 422])(
    'has no fallback when the API server rejects the review with %i',
    async (status) => {
      await about('a');
      const error = new KubernetesError('refused', { status, reason: 'Refused' });
      answer = fail(error);
      await wait(10_000);
      await expect(about('a')).rejects.toBe(error);
      expect(staleDecisions).toBe(0);
    },
  );

  it('has no fallback without an earlier decision', async () => {
    answer = unreachable;
    await expect(about('a')).rejects.toThrow('no answer');
  });

  it('sends one request per second among the questions that have a fallback', async () => {
    await Promise.all(['a', 'b', 'c'].map(about));
    answer = unreachable;
    await wait(20_000);
    await about('a');
    await wait(999);
    for (const key of ['a', 'b', 'c']) expect(await about(key)).toBe(true);
    expect(asked.slice(3)).toEqual(['a']);
    await wait(1);
    for (const key of ['c', 'b', 'a']) expect(await about(key)).toBe(true);
    expect(asked.slice(3)).toEqual(['a', 'c']);
    await expect(about('new')).rejects.toThrow('no answer');
    expect(asked.slice(3)).toEqual(['a', 'c', 'new']);
  });

  it('closes the circuit with the first answer', async () => {
    await Promise.all(['a', 'b'].map(about));
    answer = unreachable;
    await wait(20_000);
    await about('a');
    answer = () => false;
    await about('new');
    expect([await about('a'), await about('b')]).toEqual([false, false]);
  });

  it('closes the circuit with an error response', async () => {
    await Promise.all(['a', 'b'].map(about));
    answer = unreachable;
    await wait(20_000);
    await about('a');
    answer = fail(new KubernetesError('forbidden', { status: 403, reason: 'Forbidden' }));
    await expect(about('new')).rejects.toThrow('forbidden');
    await expect(about('b')).rejects.toThrow('forbidden');
  });

  it('keeps the circuit closed after 429', async () => {
    await Promise.all(['a', 'b'].map(about));
    answer = (question) => (question === 'a' ? fail(new KubernetesError('slow down', { status: 429 }))() : false);
    await wait(20_000);
    expect([await about('a'), await about('b')]).toEqual([true, false]);
  });
});

describe('when the cluster hangs', () => {
  it.each([
    ['1.5 s while a watch is open', true, 1_500],
    ['250 ms without a watch', false, 250],
  ])('falls back to a stale decision after %s', async (_, watching, limit) => {
    await about('a');
    isWatching = watching;
    answer = never;
    await wait(20_000);
    const decision = about('a');
    const isDecided = observe(decision);
    await wait(limit - 1);
    expect(isDecided()).toBe(false);
    await wait(1);
    expect([await decision, staleDecisions]).toEqual([true, 1]);
  });

  it('falls back immediately once a review has had no response, and after 250 ms for one request per second', async () => {
    await Promise.all(['a', 'b', 'c'].map(about));
    answer = never;
    await wait(20_000);
    const first = about('a');
    await wait(1_500);
    await first;
    expect(await about('b')).toBe(true);
    await wait(1_000);
    const attempt = about('b');
    const isDecided = observe(attempt);
    expect(await about('c')).toBe(true);
    expect([isDecided(), asked.slice(3)]).toEqual([false, ['a', 'b']]);
    await wait(250);
    expect(await attempt).toBe(true);
  });

  it('uses an answer that arrives too late for the next request, and closes the circuit', async () => {
    await Promise.all(['a', 'b'].map(about));
    const late = Promise.withResolvers<boolean>();
    answer = () => late.promise;
    await wait(20_000);
    const first = about('a');
    await wait(1_500);
    expect(await first).toBe(true);
    late.resolve(false);
    await wait(0);
    answer = () => false;
    expect([await about('a'), await about('b')]).toEqual([false, false]);
    expect(staleDecisions).toBe(1);
  });

  it('prefers an answer within 250 ms while the circuit is open, so that a permission ends with the outage', async () => {
    await about('a');
    answer = unreachable;
    await wait(20_000);
    await about('a');
    answer = () => false;
    await wait(1_000);
    expect(await about('a')).toBe(false);
  });

  it('has no fallback to a decision that becomes too old in the meantime', async () => {
    await about('a');
    answer = never;
    await wait(59_000);
    const late = expect(about('a')).rejects.toThrow(UndecidedError);
    await wait(1_500);
    await late;
    expect(staleDecisions).toBe(0);
  });
});

describe('a question that waits too long in the queue', () => {
  it('fails without a fallback, so that a long queue cannot keep a revoked permission', async () => {
    await about('a');
    await wait(20_000);
    isQueued = true;
    answer = never;
    const waiting = expect(about('a')).rejects.toThrow(UndecidedError);
    await wait(5_000);
    await waiting;
    expect(staleDecisions).toBe(0);
  });

  it('leaves the circuit open', async () => {
    await Promise.all(['a', 'b'].map(about));
    await wait(20_000);
    answer = unreachable;
    await about('a');
    answer = fail(new UndecidedError('too many questions wait'));
    await expect(about('new')).rejects.toThrow(UndecidedError);
    answer = never;
    expect(await about('b')).toBe(true);
  });
});

describe('a user with many questions', () => {
  it('does not evict the decisions of other users', async () => {
    await about('ann web');
    for (let number = 0; number < 110_000; number += 1) await about(`mallory ${number}`);
    asked = [];
    await about('ann web');
    await about('mallory 109999');
    expect(asked).toEqual([]);
    await about('mallory 0');
    expect(asked).toEqual(['mallory 0']);
  });
});

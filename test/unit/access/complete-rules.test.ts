import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCompleteRulesCheck } from '../../../src/access/complete-rules.ts';
import type { KubernetesClient } from '../../../src/kube/client.ts';

let milliseconds: number;
let asked: unknown[];
let answer: () => Promise<{ status?: { incomplete: boolean } }>;
let areComplete: () => Promise<boolean>;

beforeEach(() => {
  milliseconds = 1_000;
  vi.spyOn(performance, 'now').mockImplementation(() => milliseconds);
  asked = [];
  answer = async () => ({ status: { incomplete: false } });
  const create = (resource: object, body: unknown) => {
    expect(resource).toEqual({ apiVersion: 'authorization.k8s.io/v1', plural: 'selfsubjectrulesreviews' });
    asked.push(body);
    return answer();
  };
  areComplete = createCompleteRulesCheck({ create } as unknown as KubernetesClient);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('createCompleteRulesCheck', () => {
  it.each([
    ['returns true for complete rules', { status: { incomplete: false } }, true],
    ['returns false for incomplete rules', { status: { incomplete: true } }, false],
    ['returns false without a status', {}, false],
  ])('%s', async (_, review, complete) => {
    answer = async () => review;
    expect([await areComplete(), await areComplete()]).toEqual([complete, complete]);
    expect(asked).toEqual([{ spec: { namespace: 'default' } }]);
  });

  it('shares one review between concurrent callers', async () => {
    expect(await Promise.all([areComplete(), areComplete()])).toEqual([true, true]);
    expect(asked).toHaveLength(1);
  });

  it('returns false after a failed first review, and retries after a minute', async () => {
    answer = () => Promise.reject(new Error('no answer'));
    expect([await areComplete(), await areComplete()]).toEqual([false, false]);
    expect(asked).toHaveLength(1);
    answer = async () => ({ status: { incomplete: false } });
    milliseconds += 60_000;
    expect(await areComplete()).toBe(true);
  });

  it('keeps the last answer on failure, and refreshes in the background', async () => {
    expect(await areComplete()).toBe(true);
    milliseconds += 60_000;
    answer = () => Promise.reject(new Error('no answer'));
    expect(await areComplete()).toBe(true);
    await new Promise(setImmediate);
    milliseconds += 60_000;
    answer = async () => ({ status: { incomplete: true } });
    expect(await areComplete()).toBe(true);
    await new Promise(setImmediate);
    expect(await areComplete()).toBe(false);
  });
});

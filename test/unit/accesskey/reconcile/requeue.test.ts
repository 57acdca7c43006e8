import { describe, expect, it } from 'vitest';
import type { PairOutcome, PairProblem } from '../../../../src/accesskey/reconcile/outcome.ts';
import { isRechecked, requeueAfterMs, retryOf } from '../../../../src/accesskey/reconcile/requeue.ts';
import { KubernetesError } from '../../../../src/kube/errors.ts';
import { conflict, failed, outcomeOf, present, terminating } from './outcomes.ts';

const withProblem = (reason: PairProblem['reason']): PairOutcome => ({
  ...present(),
  problem: { reason, message: '' },
});

function requeue(pairs: PairOutcome[], parts: { problemForMs?: number; deadline?: number; override?: number } = {}) {
  const { problemForMs = 0, deadline: untilDeadlineMs, override: untilOverrideStepMs } = parts;
  return requeueAfterMs({ outcome: outcomeOf(pairs), problemForMs, untilDeadlineMs, untilOverrideStepMs });
}

describe('requeueAfterMs', () => {
  it('is undefined if only a change can require something', () => {
    expect(requeue([])).toBeUndefined();
    expect(requeue([present()])).toBeUndefined();
  });

  it('waits for a deadline at most 30 seconds, because the clock may jump', () => {
    expect(requeue([present()], { deadline: 5_000 })).toBe(5_000);
    expect(requeue([present()], { deadline: 10 * 365 * 86_400_000 })).toBe(30_000);
  });

  it.each([
    [0, 30_000],
    [29_000, 30_000],
    [60_000, 60_000],
    [200_000, 200_000],
    [300_000, 300_000],
    [86_400_000, 300_000],
  ])('rechecks a problem that has lasted %d ms after %d ms, also with a deadline', (problemForMs, expected) => {
    for (const outcome of [conflict('main'), terminating('main'), withProblem('SecretNotWatched')]) {
      expect(requeue([outcome], { problemForMs })).toBe(expected);
      expect(requeue([outcome], { problemForMs, deadline: 86_400_000 })).toBe(expected);
    }
  });

  it('rechecks every 30 seconds while there are no signing keys, also with another problem', () => {
    const missing = withProblem('SigningKeysMissing');
    for (const pairs of [[missing], [conflict('ci'), missing]]) {
      expect(requeue(pairs, { problemForMs: 86_400_000 })).toBe(30_000);
    }
  });

  it('does not miss a step of a pair without a problem', () => {
    const problemForMs = 86_400_000;
    expect(requeue([conflict('ci'), present()], { problemForMs, deadline: 5_000 })).toBe(5_000);
    expect(requeue([conflict('ci'), present()], { problemForMs, override: 10_000 })).toBe(10_000);
  });
});

describe('retryOf', () => {
  const error = (status: number, parts = {}) => new KubernetesError('rejected', { status, ...parts });
  const failing = (...errors: KubernetesError[]) =>
    outcomeOf(
      errors.map((one, n) => ({ ...failed(`p${n}`), problem: { reason: 'SecretFailed', message: '', error: one } })),
    );
  const delayOf = (first: KubernetesError, problemForMs: number, outcome = failing(first), deadline?: number) =>
    retryOf(first, { outcome, problemForMs, untilDeadlineMs: deadline }).retryAfterMs;

  it.each([
    ['403', error(403)],
    ['413', error(413)],
    ['422', error(422)],
    ['a denial with another status', error(503, { denied: true })],
  ])('doubles the delay while the API server rejects a Secret with %s, up to five minutes', (_, rejection) => {
    for (const [ms, expected] of [
      [0, 0],
      [200, 200],
      [120_000, 120_000],
      [86_400_000, 300_000],
    ] as const) {
      expect(delayOf(rejection, ms)).toBe(expected);
    }
    expect(delayOf(rejection, 86_400_000, failing(rejection), 7_000)).toBe(7_000);
  });

  it('keeps a longer Retry-After, the message and the status', () => {
    const rejection = error(403, { reason: 'Forbidden', retryAfterMs: 60_000 });
    const retry = retryOf(rejection, { outcome: failing(rejection), problemForMs: 9, untilDeadlineMs: undefined });
    expect(retry).toMatchObject({ status: 403, reason: 'Forbidden', message: 'rejected', retryAfterMs: 60_000 });
  });

  it('does not delay the retry of an error that may end soon', () => {
    expect(delayOf(error(500), 86_400_000)).toBe(0);
    expect(delayOf(error(403), 86_400_000, failing(error(403), error(500)))).toBe(0);
    const notRemoved = [{ secretName: 'a', error: error(500) }];
    expect(delayOf(error(403), 86_400_000, { ...failing(error(403)), notRemoved })).toBe(0);
  });
});

describe('isRechecked', () => {
  it('is true for a problem that is not an error, which is retried', () => {
    expect(isRechecked(outcomeOf([present(), conflict('ci')]))).toBe(true);
    expect(isRechecked(outcomeOf([present(), failed('ci')]))).toBe(false);
  });
});

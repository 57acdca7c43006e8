import { describe, expect, it } from 'vitest';
import {
  createMemories,
  keepsMessage,
  type Memory,
  problemSince,
  unacceptedSince,
  waitsForWatch,
} from '../../../../src/accesskey/reconcile/memory.ts';
import type { PairOutcome } from '../../../../src/accesskey/reconcile/outcome.ts';
import { afterOutcome } from '../../../../src/accesskey/reconcile/overrides.ts';
import { known } from '../../../support/builders.ts';
import { conflict, failed, outcomeOf, present } from './outcomes.ts';

const one = known();
const overridden = { ...present(), write: { repaired: [], reverted: ['type'] } };

describe('the memory of an AccessKey', () => {
  it('stays as long as something is known', () => {
    const memories = createMemories();
    const memory = memories.of(one);
    memory.unacceptedSince = 1;
    memories.tidy(one.key);
    expect(memories.of(one)).toBe(memory);
    memory.unacceptedSince = undefined;
    memory.problemSince = 1;
    memories.tidy(one.key);
    expect(memories.of(one)).toBe(memory);
    memory.problemSince = undefined;
    memory.unseen = { status: { resourceVersion: '1', since: 0 } };
    memories.tidy(one.key);
    expect(memories.of(one)).toBe(memory);
    memory.unseen = {};
    memory.overrides = afterOutcome(memory.overrides, overridden, 0);
    memories.tidy(one.key);
    expect(memories.size).toBe(1);
  });

  it('is dropped if nothing is known, or with the AccessKey', () => {
    const memories = createMemories();
    memories.of(one);
    memories.tidy(one.key);
    expect(memories.size).toBe(0);
    memories.of(one).failureWrittenAt = 1;
    memories.forget(one.key);
    expect(memories.size).toBe(0);
  });

  it('counts one repair as an override if the status already reports one', () => {
    const condition = { status: 'True' as const, reason: 'SecretOverridden', message: '', observedGeneration: 1 };
    const conditions = [{ ...condition, type: 'Overridden', lastTransitionTime: '2026-01-01T00:00:00Z' }];
    const reported = known({ status: { ...one.status, conditions } });
    expect(createMemories().of(reported).overrides.maxRepairs).toBe(1);
    expect(createMemories().of(one).overrides.maxRepairs).toBe(5);
  });

  it('follows the generation of the spec', () => {
    const memories = createMemories();
    memories.of(one);
    expect(memories.of({ ...one, generation: 7 }).overrides.generation).toBe(7);
  });
});

describe('the times in the memory', () => {
  const unwatched: PairOutcome = { ...present(), problem: { reason: 'SecretNotWatched', message: '' } };
  const memoryWith = (times: Partial<Memory>): Memory => ({ ...createMemories().of(one), ...times });

  it.each<[string, PairOutcome, number | undefined, number | undefined]>([
    ['start when the watch does not show a Secret', unwatched, undefined, 9],
    ['stay while it does not show it', unwatched, 1, 1],
    ['end when it shows it', present(), 1, undefined],
  ])('%s', (_, outcome, since, expected) => {
    expect(unacceptedSince(memoryWith({ unacceptedSince: since }), outcomeOf([outcome]), 9)).toBe(expected);
  });

  it.each<[string, PairOutcome, number | undefined, number | undefined]>([
    ['start with a problem that is rechecked', conflict('main'), undefined, 9],
    ['start with requests that are rejected', failed('main'), undefined, 9],
    ['stay while the problem lasts', conflict('main'), 1, 1],
    ['end with the problem', present(), 1, undefined],
  ])('%s', (_, outcome, since, expected) => {
    expect(problemSince(memoryWith({ problemSince: since }), outcomeOf([outcome]), 9)).toBe(expected);
  });

  it.each([
    [undefined, false],
    [1_000, true],
    [2_999, true],
    [3_000, false],
  ])('wait for the watch for two seconds: %s: %s', (now, expected) => {
    const since = now === undefined ? undefined : 1_000;
    expect(waitsForWatch(memoryWith({ unacceptedSince: since }), now ?? 0)).toBe(expected);
  });

  it.each([
    [undefined, false],
    [1_000, true],
    [30_999, true],
    [31_000, false],
  ])('keep the message of a failure for 30 seconds: %s: %s', (now, expected) => {
    const writtenAt = now === undefined ? undefined : 1_000;
    expect(keepsMessage(memoryWith({ failureWrittenAt: writtenAt }), now ?? 0)).toBe(expected);
  });
});

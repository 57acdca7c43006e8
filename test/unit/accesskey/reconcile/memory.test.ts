import { describe, expect, it } from 'vitest';
import { createMemories } from '../../../../src/accesskey/reconcile/memory.ts';
import { afterOutcome } from '../../../../src/accesskey/reconcile/overrides.ts';
import { known } from '../../../support/builders.ts';
import { present } from './outcomes.ts';

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

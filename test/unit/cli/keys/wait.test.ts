import { describe, expect, it } from 'vitest';
import { isDone } from '../../../../src/cli/keys/wait.ts';
import { known, pairStatus } from '../../../support/builders.ts';

function record(revision: number, status: object, observedGeneration: number) {
  const entry = pairStatus({ name: 'main', ...status });
  return known({ keyPairs: [{ name: 'main', revision }], status: { observedGeneration, keyPairs: [entry] } });
}

describe('isDone', () => {
  it.each([
    ['the recorded revision is that of the spec', 2, { revision: 2 }, 3, true],
    ['the recorded revision is lower', 2, { revision: 1 }, 3, false],
    ['the operator has not seen the generation', 2, { revision: 2 }, 2, false],
    ['the key pair is Pending', 1, { state: 'Pending' }, 3, false],
    ['the key pair is in conflict', 1, { state: 'Conflict' }, 3, false],
  ])('knows that %s', (_, revision, status, observedGeneration, done) => {
    expect(isDone(record(revision, status, observedGeneration), 3, 'main')).toBe(done);
  });
});

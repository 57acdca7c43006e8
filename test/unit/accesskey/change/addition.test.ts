import { describe, expect, it } from 'vitest';
import { additionProblem } from '../../../../src/accesskey/change/addition.ts';

const overlapping = { name: 'ci', rotation: { overlap: '1h' } };

describe('additionProblem', () => {
  it.each([
    [[]],
    [[{ name: 'ci' }]],
    [[{ ...overlapping, enabled: false }]],
    [[{ name: 'ci', rotation: { overlap: '0s', interval: '720h' } }]],
  ])('allows another key pair beside %j', (keyPairs) => {
    expect(additionProblem(keyPairs)).toBeUndefined();
  });

  it('rejects a third key pair', () => {
    expect(additionProblem([{ name: 'ci' }, { name: 'b', enabled: false }])).toEqual({ reason: 'too-many' });
  });

  it('counts an enabled key pair with an overlap as two', () => {
    expect(additionProblem([overlapping])).toEqual({ reason: 'overlap', pair: 'ci' });
  });
});

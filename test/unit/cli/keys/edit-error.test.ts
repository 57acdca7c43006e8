import { describe, expect, it } from 'vitest';
import { EditError, type EditProblem } from '../../../../src/accesskey/change/edit-pairs.ts';
import { explainEdit } from '../../../../src/cli/keys/edit-error.ts';

describe('explainEdit', () => {
  it.each<[EditProblem, string]>([
    [{ reason: 'too-many' }, 'AccessKey "a" already has 2 key pairs, which is the maximum'],
    [{ reason: 'overlap', pair: 'x' }, 'key pair a/x has an overlap, so it counts as two enabled key pairs'],
    [{ reason: 'name-taken', pair: 'x' }, 'key pair a/x already exists'],
    [{ reason: 'still-deleted', pair: 'x' }, 'key pair a/x is still being deleted; try again later'],
    [{ reason: 'no-pair', pair: 'x' }, 'key pair a/x not found'],
  ])('explains %j', (problem, message) => {
    expect(explainEdit(new EditError(problem), 'a')).toMatchObject({ name: 'CliError', message });
  });

  it('keeps any other error', () => {
    const error = new Error('other');
    expect(explainEdit(error, 'a')).toBe(error);
  });
});

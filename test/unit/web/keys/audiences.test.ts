import { describe, expect, test } from 'vitest';
import type { FetchedAccessKey } from '../../../../src/accesskey/change/access-key-api.ts';
import { areAudiences, canEditAudiences, changedAudiences } from '../../../../src/web/keys/audiences.ts';
import type { Session } from '../../../../src/web/session/session.ts';
import { accessKey } from '../../../support/builders.ts';

const session = (kind: Session['kind']) => ({ kind }) as Session;
const fetched = (managedFields: FetchedAccessKey['managedFields'] = []) => ({ ...accessKey(), managedFields });

describe('the audiences of an AccessKey', () => {
  test.each([
    [['https://vault.example', 'sts'], true],
    [Array.from({ length: 16 }, (_, n) => `a${n}`), true],
    [Array.from({ length: 17 }, (_, n) => `a${n}`), false],
    [['a', 'a'], false],
    [['x'.repeat(256)], true],
    [['x'.repeat(257)], false],
    [['a"b'], false],
    [['a\\b'], false],
    [['é'], false],
  ])('%j are valid: %s', (audiences, expected) => expect(areAudiences(audiences)).toBe(expected));

  test.each([
    ['token', true],
    ['proxy', true],
    ['pair', false],
    ['self-service', false],
  ] as const)('can be changed in a session of the kind %s: %s', (kind, expected) => {
    expect(canEditAudiences(session(kind), undefined)).toBe(expected);
    expect(canEditAudiences(session(kind), fetched())).toBe(expected);
  });

  test.each([
    [{ manager: 'flux', operation: 'Apply' }, false],
    [{ manager: 'helm', operation: 'Update' }, false],
    [{ manager: 'kubectl-edit', operation: 'Update' }, true],
  ])('can be changed if %o has set them: %s', (entry, expected) => {
    const managed = fetched([{ ...entry, fieldsV1: { 'f:spec': { 'f:audiences': {} } } }]);
    expect(canEditAudiences(session('token'), managed)).toBe(expected);
  });

  test('are written only if they have changed', () => {
    expect(changedAudiences(undefined, ['a'])).toBeUndefined();
    expect(changedAudiences('a\r\n b', ['a', 'b'])).toBeUndefined();
    expect(changedAudiences('', undefined)).toBeUndefined();
    expect(changedAudiences('a', ['a', 'b'])).toEqual(['a']);
    expect(changedAudiences('', ['a'])).toEqual([]);
  });
});

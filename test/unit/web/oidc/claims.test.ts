import { expect, test } from 'vitest';
import { type ClaimRules, userOfClaims } from '../../../../src/web/oidc/claims.ts';

const issuer = 'https://login.example.org';
const rules = (parts: Partial<ClaimRules> = {}): ClaimRules => ({ issuer, usernameClaim: 'sub', ...parts });

test.each<[string, Record<string, unknown>, Partial<ClaimRules>, unknown]>([
  ['prefixes sub with the issuer', { sub: '7' }, {}, { name: `${issuer}#7`, groups: [] }],
  [
    'does not prefix an email address',
    { email: 'a@example.org' },
    { usernameClaim: 'email' },
    { name: 'a@example.org', groups: [] },
  ],
  ['uses a configured prefix', { sub: '7' }, { usernamePrefix: 'oidc:' }, { name: 'oidc:7', groups: [] }],
  [
    'prefixes an email address if configured',
    { email: 'a@b.org' },
    { usernameClaim: 'email', usernamePrefix: 'x-' },
    { name: 'x-a@b.org', groups: [] },
  ],
  ['has no prefix with -', { sub: '7' }, { usernamePrefix: '-' }, { name: '7', groups: [] }],
  ['rejects a missing name', {}, {}, 'missingName'],
  ['rejects an empty name', { sub: '' }, { usernamePrefix: '-' }, 'missingName'],
  ['rejects a name that is not a text', { sub: { a: 1 } }, {}, 'missingName'],
  [
    'rejects an unverified email address',
    { email: 'a@b.org', email_verified: false },
    { usernameClaim: 'email' },
    'unverifiedEmail',
  ],
  [
    'accepts a verified email address',
    { email: 'a@b.org', email_verified: true },
    { usernameClaim: 'email' },
    { name: 'a@b.org', groups: [] },
  ],
  ['rejects a system name', { sub: 'system:admin' }, { usernamePrefix: '-' }, 'systemName'],
  ['rejects a name that becomes a system name', { sub: 'masters' }, { usernamePrefix: 'system:' }, 'systemName'],
  ['rejects an invisible character', { sub: 'ali\u200bce' }, {}, 'invalidName'],
  ['rejects white space at an end', { sub: 'alice ' }, {}, 'invalidName'],
  ['rejects a long name', { sub: 'a'.repeat(254) }, { usernamePrefix: '-' }, 'invalidName'],
])('%s', (_, claims, parts, expected) => {
  expect(userOfClaims(claims, rules(parts))).toEqual(expected);
});

test.each([false, 'false', 'true', '', null, 0, 1, {}])('rejects an email address with email_verified %o', (value) => {
  const claims = { sub: '7', email: 'a@b.org', email_verified: value };
  expect(userOfClaims(claims, rules({ usernameClaim: 'email' }))).toBe('unverifiedEmail');
  expect(userOfClaims(claims, rules({ usernamePrefix: '-' }))).toEqual({ name: '7', groups: [] });
});

test.each<[string, unknown, unknown]>([
  ['are a list', ['a', 'b'], ['a', 'b']],
  ['are a single text', 'a', ['a']],
  ['are missing', undefined, []],
  ['are null', null, []],
  ['lose duplicates', ['a', 'a'], ['a']],
  ['lose groups of Kubernetes', ['system:masters', 'a'], ['a']],
  ['lose names that an AccessKey cannot have', ['', ' a', 'a\u202e', 'x'.repeat(254), 'b'], ['b']],
])('groups: %s', (_, groups, expected) => {
  const user = userOfClaims({ sub: '7', groups }, rules({ usernamePrefix: '-', groupsClaim: 'groups' }));
  expect(user).toEqual({ name: '7', groups: expected });
});

test('groups have the configured prefix, which cannot make them groups of Kubernetes', () => {
  const prefixed = (groupsPrefix: string) =>
    userOfClaims({ sub: '7', groups: ['a'] }, rules({ usernamePrefix: '-', groupsClaim: 'groups', groupsPrefix }));
  expect(prefixed('oidc:')).toEqual({ name: '7', groups: ['oidc:a'] });
  expect(prefixed('system:')).toEqual({ name: '7', groups: [] });
});

test.each([[[1]], [{ a: 'b' }], [7]])('rejects groups that are not texts: %o', (groups) => {
  expect(userOfClaims({ sub: '7', groups }, rules({ groupsClaim: 'groups' }))).toBe('invalidGroups');
});

test('ignores a groups claim that is not configured', () => {
  expect(userOfClaims({ sub: '7', groups: ['a'] }, rules({ usernamePrefix: '-' }))).toEqual({ name: '7', groups: [] });
});

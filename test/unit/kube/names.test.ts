import { describe, expect, it } from 'vitest';
import {
  extendedResourcePattern,
  isDnsLabel,
  isDnsSubdomain,
  isSystemName,
  parseUsername,
  shareOf,
  usernameOf,
} from '../../../src/kube/names.ts';

const robot = { namespace: 'shop', name: 'robot' };

describe('DNS names', () => {
  it.each(['a', '0', 'a-b', 'a--b', 'a'.repeat(63)])('accepts the label %j, also as a subdomain', (name) => {
    expect([isDnsLabel(name), isDnsSubdomain(name)]).toEqual([true, true]);
  });

  it.each(['a.b', 'a-b.c0.d', 'a'.repeat(64), `${'a'.repeat(63)}.${'b'.repeat(189)}`])(
    'accepts %j as a subdomain but not as a label',
    (name) => {
      expect([isDnsLabel(name), isDnsSubdomain(name)]).toEqual([false, true]);
    },
  );

  it.each(['', '-a', 'a-', 'A', 'a_b', 'a b', 'a\n', '.a', 'a.', 'a..b', 'a.-b', 'a-.b', 'a/b', 'a'.repeat(254)])(
    'rejects %j',
    (name) => {
      expect([isDnsLabel(name), isDnsSubdomain(name)]).toEqual([false, false]);
    },
  );
});

describe('extendedResourcePattern', () => {
  it.each([
    ['nvidia.com/gpu', true],
    ['a/B_c.d', true],
    ['gpu', false],
    ['/gpu', false],
    ['nvidia.com/', false],
    ['Nvidia.com/gpu', false],
    ['a/b/c', false],
  ])('matches %s: %s', (name, isMatch) => {
    expect(extendedResourcePattern.test(name)).toBe(isMatch);
  });
});

it.each([
  ['system:masters', true],
  ['system:', true],
  ['systems', false],
  ['xsystem:a', false],
])('isSystemName(%j) is %s', (name, isReserved) => {
  expect(isSystemName(name)).toBe(isReserved);
});

describe('the username of a ServiceAccount', () => {
  it('has the form that Kubernetes uses', () => {
    expect(usernameOf(robot)).toBe('system:serviceaccount:shop:robot');
    expect(parseUsername('system:serviceaccount:shop:robot')).toEqual(robot);
  });

  it.each([
    'ann',
    'system:serviceaccount:shop',
    'system:serviceaccount:shop:',
    'system:serviceaccount::robot',
    'system:serviceaccount:a:b:c',
    'xsystem:serviceaccount:a:b',
    'System:serviceaccount:a:b',
  ])('is not parsed from %s', (name) => {
    expect(parseUsername(name)).toBeUndefined();
  });
});

describe('shareOf', () => {
  it('is common to the ServiceAccounts of a namespace only', () => {
    const share = shareOf(usernameOf(robot));
    expect(shareOf(usernameOf({ namespace: 'shop', name: 'other' }))).toBe(share);
    expect(shareOf(usernameOf({ namespace: 'store', name: 'robot' }))).not.toBe(share);
  });

  it.each([
    'ann',
    '',
    'system:serviceaccount:shop',
    'system:serviceaccount:shop:a:b',
    'system:node:one',
    '10.0.0.0/24',
  ])('is the name itself otherwise: %j', (name) => {
    expect(shareOf(name)).toBe(name);
  });
});

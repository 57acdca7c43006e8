/** The contract with the ghippo API: exactly the fields of the reference, with their types. */
import { describe, expect, it } from 'vitest';
import { projectCurrentUser, projectUser } from '../../../src/users/projection.ts';
import { CurrentUser, User, UserList } from '../../../src/users/schema.ts';
import reference from '../../fixtures/ghippo-user-definitions.json' with { type: 'json' };
import { accessKey, at, known, now } from '../../support/builders.ts';
import { contractOf, expectContract } from '../../support/contract.ts';

const profile = { email: 'ann@example.com', firstName: 'Ann', lastName: 'Lee', description: 'Shop' };
const full = known({ profile, updatedAt: at(-60), suspended: true }, { lastUsedTime: at(-5) });
const records = [
  ['with all fields', full],
  ['with required fields only', accessKey({ status: {} })],
] as const;

describe.each(records)('a user %s', (_, record) => {
  const user = projectUser(record, now);
  const current = projectCurrentUser(record);
  const list = { items: [user], pagination: { page: 1, pageSize: 10, total: 1 } };

  it.each([
    ['v1alpha1userGetUserResponse', user, User],
    ['v1alpha1currentuserGetUserResponse', current, CurrentUser],
    ['userListUsersResponse', list, UserList],
  ] as const)('matches %s', (name, message, schema) => {
    expectContract(name, message);
    expect(schema.parse(message)).toEqual(message);
  });

  it('does not match with an extra, missing or mistyped field', () => {
    const check = contractOf(reference.definitions, 'v1alpha1userGetUserResponse');
    const { source: _source, ...less } = user;
    expect([check(less), check({ ...user, more: '' }), check({ ...user, enabled: 'true' })]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe('projectUser', () => {
  it('converts the fields of the AccessKey', () => {
    expect(projectUser(full, now)).toEqual({
      id: 'uid-of-shop-ann',
      name: 'ann',
      email: 'ann@example.com',
      description: 'Shop',
      firstname: 'Ann',
      lastname: 'Lee',
      source: 'locale',
      enabled: false,
      canAuthorize: false,
      createdAt: String(Date.parse(at(-3600))),
      updatedAt: String(Date.parse(at(-60))),
      lastLoginAt: String(Date.parse(at(-5))),
    });
  });

  it('returns 0 as updatedAt if the AccessKey was never changed', () => {
    expect(projectUser(known(), now)).toMatchObject({ createdAt: String(Date.parse(at(-3600))), updatedAt: '0' });
  });

  it('returns the last use of any key pair', () => {
    const record = known({}, { lastUsedTime: at(-9) }, { name: 'b', lastUsedTime: at(-5) }, { name: 'c' });
    expect(projectUser(record, now).lastLoginAt).toBe(String(Date.parse(at(-5))));
    const previous = { accessKey: 'a', validUntil: at(60), lastUsedTime: at(-2) };
    expect(projectUser(known({}, { lastUsedTime: at(-9), previous }), now).lastLoginAt).toBe(
      String(Date.parse(at(-2))),
    );
    expect(projectUser(known(), now).lastLoginAt).toBe('0');
    // By a clock that was ahead.
    expect(projectUser(known({}, { lastUsedTime: at(86_400) }), now).lastLoginAt).toBe('0');
  });
});

it('projectCurrentUser converts the fields of the AccessKey', () => {
  expect(projectCurrentUser(full)).toMatchObject({
    uid: 'uid-of-shop-ann',
    username: 'ann',
    email: 'ann@example.com',
    firstname: 'Ann',
    lastname: 'Lee',
    source: 'locale',
  });
});

import { expect, test } from 'vitest';
import { accessKeyNameFor } from '../../../../src/web/visitor/access-key-name.ts';

test.each([
  ['alice', 'alice'],
  ['Bob@Example.org', 'bob-example-org'],
  ['system:serviceaccount:people:ci', 'ci'],
  ['王小明', 'access-key'],
  ['-', 'access-key'],
])('the first key of the user %s creates an AccessKey named %s', (user, name) =>
  expect(accessKeyNameFor(user)).toBe(name),
);

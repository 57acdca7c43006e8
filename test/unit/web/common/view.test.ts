import { expect, test } from 'vitest';
import { initialsOf } from '../../../../src/web/common/view.ts';

test.each([
  ['alice', 'AL'],
  ['ann.b@example.org', 'AB'],
  ['system:serviceaccount:people:ci', 'CI'],
  ['王小明', '王小'],
  ['', '?'],
])('%s has the initials %s', (name, initials) => expect(initialsOf(name)).toBe(initials));

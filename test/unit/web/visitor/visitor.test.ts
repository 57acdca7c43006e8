import { expect, test } from 'vitest';
import { ownGroups } from '../../../../src/web/visitor/visitor.ts';

test('an AccessKey cannot name groups of Kubernetes, or groups that the CRD rejects', () => {
  const groups = [
    'dev',
    'team a',
    '',
    ' x',
    'system:masters',
    'a\nb',
    'a\u202eb',
    'a\u00a0b',
    'a\ufe0fb',
    'x'.repeat(254),
    '开发',
  ];
  expect(ownGroups({ groups })).toEqual(['dev', 'team a', '开发']);
});

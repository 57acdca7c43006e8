import { expect, it } from 'vitest';
import { mayOwn } from '../../../../src/accesskey/reconcile/observe.ts';
import { accessKey, caches, secret } from '../../../support/builders.ts';

const ann = accessKey();
const bob = accessKey({ name: 'bob', user: 'bob' });
const markedFor = (mark: string) => ({ 'ghippo.io/adopt': mark });

it.each<[string, boolean, ReturnType<typeof secret>[]]>([
  ['the cache does not show', true, []],
  ['belongs to the AccessKey', true, [secret({ name: 'x' })]],
  ['belongs to another AccessKey', false, [secret({ name: 'x', of: bob })]],
  ['belongs to an AccessKey that does not exist', true, [secret({ name: 'x', of: { ...ann, uid: 'former' } })]],
  ['belongs to nothing', false, [secret({ name: 'x', ownerReferences: [] })]],
  [
    'is marked for the AccessKey',
    true,
    [secret({ name: 'x', ownerReferences: [], annotations: markedFor('ann/main') })],
  ],
  ['is marked for another', false, [secret({ name: 'x', ownerReferences: [], annotations: markedFor('anna/main') })]],
  ['is in another namespace', true, [secret({ name: 'x', namespace: 'far', of: bob })]],
])('a Secret that %s may belong to the AccessKey: %s', (_, expected, secrets) => {
  const filled = caches({ accessKeys: [ann, bob], secrets });
  expect(mayOwn(filled, ann)('x')).toBe(expected);
});

import { describe, expect, it } from 'vitest';
import { createLiveServiceAccounts } from '../../../../src/accesskey/live/live-service-accounts.ts';
import { accessKey, at, caches, namespace } from '../../../support/builders.ts';

const robot = { namespace: 'shop', name: 'robot' };
const ann = accessKey({ groups: ['dev'], serviceAccounts: ['robot', 'other'] });

/** Names of the users of the ServiceAccount. */
function usersOf(
  accessKeys: ReturnType<typeof accessKey>[],
  namespaces: ReturnType<typeof namespace>[] = [],
): string[] {
  const found = createLiveServiceAccounts(caches({ accessKeys, namespaces })).usersOf(robot);
  return found.map(({ name }) => name).sort();
}

describe('the users of a ServiceAccount', () => {
  it('have the uid of the AccessKey, the name and the groups', () => {
    const found = createLiveServiceAccounts(caches({ accessKeys: [ann] })).usersOf(robot);
    expect(found).toEqual([{ id: ann.uid, name: 'ann', groups: ['dev'] }]);
  });

  it('have no groups if the AccessKey has none', () => {
    const live = createLiveServiceAccounts(caches({ accessKeys: [accessKey({ serviceAccounts: ['robot'] })] }));
    expect(live.usersOf(robot)).toMatchObject([{ groups: [] }]);
  });

  it('come from every AccessKey in the same namespace that names it', () => {
    const bob = accessKey({ name: 'bob', user: 'bob', serviceAccounts: ['robot'] });
    const carl = accessKey({ name: 'carl', user: 'carl', serviceAccounts: ['robot2'] });
    const dora = accessKey({ namespace: 'other', name: 'dora', user: 'dora', serviceAccounts: ['robot'] });
    expect(usersOf([ann, bob, carl, dora, accessKey({ name: 'eve', user: 'eve' })])).toEqual(['ann', 'bob']);
  });

  it.each([
    ['is suspended', { suspended: true }],
    ['is being deleted', { deleting: true }],
  ])('do not include that of an AccessKey that %s', (_, change) => {
    expect(usersOf([accessKey({ serviceAccounts: ['robot'], ...change })])).toEqual([]);
  });

  it('do not include that of an AccessKey whose namespace is being deleted or that does not hold its user', () => {
    expect(usersOf([ann], [namespace('shop')])).toEqual(['ann']);
    expect(usersOf([ann], [namespace('shop', true)])).toEqual([]);
    expect(usersOf([ann, accessKey({ name: 'older', user: 'ann', creationTimestamp: at(-7200) })])).toEqual([]);
  });

  it('follow a change of spec.serviceAccounts', () => {
    const content = caches({ accessKeys: [ann] });
    const live = createLiveServiceAccounts(content);
    content.accessKeys.upsert(accessKey({ serviceAccounts: ['other'] }));
    expect(live.usersOf(robot)).toEqual([]);
    expect(live.usersOf({ ...robot, name: 'other' })).toHaveLength(1);
  });
});

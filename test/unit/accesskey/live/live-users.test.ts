import { describe, expect, it } from 'vitest';
import {
  createLiveFederated,
  createLiveServiceAccounts,
  federatedClientId,
  parseFederatedClientId,
} from '../../../../src/accesskey/live/live-users.ts';
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

describe('the user of a token of a ServiceAccount', () => {
  const bob = accessKey({ name: 'bob', user: 'bob', serviceAccounts: ['robot'] });

  it('is that of the AccessKey with the uid', () => {
    const live = createLiveServiceAccounts(caches({ accessKeys: [ann, bob] }));
    expect(live.userOf(robot, bob.uid)).toEqual({ id: bob.uid, name: 'bob', groups: [] });
    expect(live.userOf(robot, 'unknown')).toBeUndefined();
  });

  it.each([
    ['is suspended', { suspended: true }],
    ['is being deleted', { deleting: true }],
    ['no longer names it', { serviceAccounts: ['other'] }],
    ['is in another namespace', { namespace: 'other' }],
  ])('does not exist if the AccessKey %s', (_, change) => {
    const changed = accessKey({ serviceAccounts: ['robot'], ...change });
    const live = createLiveServiceAccounts(caches({ accessKeys: [changed] }));
    expect(live.userOf(robot, changed.uid)).toBeUndefined();
  });

  it('does not exist if the AccessKey does not hold its user, or its namespace is being deleted', () => {
    const older = accessKey({ name: 'older', user: 'ann', creationTimestamp: at(-7200) });
    expect(createLiveServiceAccounts(caches({ accessKeys: [ann, older] })).userOf(robot, ann.uid)).toBeUndefined();
    const content = caches({ accessKeys: [ann], namespaces: [namespace('shop', true)] });
    expect(createLiveServiceAccounts(content).userOf(robot, ann.uid)).toBeUndefined();
  });
});

describe('a subject of a trusted issuer', () => {
  const account = { issuer: 'https://ci.example.org', subject: 'repo:a#b' };
  function naming(name: string, ...audiences: string[]) {
    const record = accessKey({ namespace: name, name, user: name });
    return { ...record, spec: { ...record.spec, federated: audiences.map((audience) => ({ ...account, audience })) } };
  }

  it('has the users of AccessKeys in any namespace, with the audiences for it', () => {
    const [one, other] = [naming('one', 'a', 'b'), naming('other', 'c')];
    const live = createLiveFederated(caches({ accessKeys: [one, other, naming('third')] }), [account]);
    const user = { accessKey: 'one/one', id: one.uid, name: 'one', groups: [], subjectAudiences: ['a', 'b'] };
    expect(live.usersOf(account)).toEqual([user, expect.objectContaining({ name: 'other', subjectAudiences: ['c'] })]);
    expect(live.userOf(account, one.uid)).toEqual(user);
  });

  it('has no user if its issuer is no longer trusted, or the AccessKey names another subject', () => {
    const one = naming('one', 'a');
    const content = caches({ accessKeys: [one] });
    const untrusted = createLiveFederated(content, []);
    expect([untrusted.usersOf(account), untrusted.userOf(account, one.uid)]).toEqual([[], undefined]);
    const trusted = createLiveFederated(content, [account]);
    const other = { ...account, subject: 'repo:a' };
    expect([trusted.usersOf(other), trusted.userOf(other, one.uid)]).toEqual([[], undefined]);
  });

  it('has no user of an AccessKey in another namespace than those of the issuer', () => {
    const [one, other] = [naming('one', 'a'), naming('other', 'a')];
    const issuers = [{ ...account, namespaces: ['other'] }];
    const live = createLiveFederated(caches({ accessKeys: [one, other] }), issuers);
    expect(live.usersOf(account)).toMatchObject([{ name: 'other' }]);
    expect([live.userOf(account, one.uid), live.userOf(account, other.uid)?.name]).toEqual([undefined, 'other']);
  });

  it('is in the client_id', () => {
    expect(parseFederatedClientId(federatedClientId(account))).toEqual(account);
    for (const clientId of ['f1b0cbd2', 'system:serviceaccount:shop:robot'])
      expect(parseFederatedClientId(clientId)).toBeUndefined();
  });
});

describe('10,000 AccessKeys that name one account', () => {
  it('are not read for a token, and few of them for an exchange', () => {
    const accessKeys = Array.from({ length: 10_000 }, (_, n) =>
      accessKey({ name: `u${n}`, user: `u${n}`, serviceAccounts: ['robot'], keyPairs: [] }),
    );
    const content = caches({ accessKeys });
    const { holderOf } = content.userHolders;
    let checked = 0;
    content.userHolders.holderOf = (name) => {
      checked += 1;
      return holderOf(name);
    };
    const live = createLiveServiceAccounts(content);
    expect(live.userOf(robot, accessKeys[9_999]?.uid ?? '')).toMatchObject({ name: 'u9999' });
    expect(checked).toBe(1);
    expect(live.usersOf(robot)).toHaveLength(8);
    expect(checked).toBe(9);
  });
});

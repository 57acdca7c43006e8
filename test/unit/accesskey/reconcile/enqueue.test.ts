import { describe, expect, it } from 'vitest';
import type { AccessKeyStatus } from '../../../../src/accesskey/model/types.generated.ts';
import { enqueueChanges } from '../../../../src/accesskey/reconcile/enqueue.ts';
import { toCachedSecret } from '../../../../src/credential/cached-secret.ts';
import {
  accessKey,
  at,
  caches,
  guardrails,
  known,
  namespace,
  rawSecret,
  type SecretParts,
  secret,
} from '../../../support/builders.ts';

const ann = accessKey();
const bob = accessKey({ name: 'bob', user: 'bob' });
const far = accessKey({ namespace: 'far', name: 'zoe', user: 'zoe' });

/** Both want the Secret a-b-c. */
const owner = known({ name: 'a-b', user: 'a-b', keyPairs: [{ name: 'c' }] }, { name: 'c', secretName: 'a-b-c' });
const waiting = accessKey({ name: 'a', user: 'a', keyPairs: [{ name: 'b-c' }] });

/** The keys that a change adds to the queue after the start. */
function enqueuedBy(
  work: (all: ReturnType<typeof caches>, limits: ReturnType<typeof guardrails>) => void,
  content: Parameters<typeof caches>[0] = { accessKeys: [ann, bob, far] },
) {
  const all = caches(content);
  let keys: string[] = [];
  let added: string[] = [];
  const limits = guardrails();
  enqueueChanges(all, limits, (key, priority) => {
    keys.push(key);
    added.push(`${priority} ${key}`);
  });
  const atStart = { keys, added };
  [keys, added] = [[], []];
  work(all, limits);
  const sorted = (some: string[]) => [...new Set(some)].sort();
  return { atStart: atStart.added.toSorted(), keys: sorted(keys), added: sorted(added) };
}

describe('enqueueChanges', () => {
  it('adds every AccessKey at the start with low priority', () => {
    expect(enqueuedBy(() => undefined).atStart).toEqual(['low far/zoe', 'low shop/ann', 'low shop/bob']);
  });

  it.each<[string, string, Parameters<typeof enqueuedBy>[0]]>([
    ['normal', 'a new AccessKey', (all) => all.accessKeys.upsert(accessKey({ name: 'new', user: 'new' }))],
    ['urgent', 'an edit of the spec', (all) => all.accessKeys.upsert({ ...ann, generation: 2 })],
    ['urgent', 'an AccessKey that was created again', (all) => all.accessKeys.upsert({ ...ann, uid: 'other' })],
    ['urgent', 'the start of a deletion', (all) => all.accessKeys.upsert({ ...ann, deleting: true })],
    ['low', 'a change of the status', (all) => all.accessKeys.upsert({ ...ann, resourceVersion: '11' })],
    ['high', 'a Secret', (all) => all.secrets.upsert(secret())],
    ['normal', 'a terminating namespace', (all) => all.namespaces.upsert(namespace('far', true))],
  ])('gives the priority %s to %s', (priority, _, work) => {
    const { added } = enqueuedBy(work);
    const highest = ['urgent', 'high', 'normal', 'low'].find((one) => added.some((entry) => entry.startsWith(one)));
    expect(highest).toBe(priority);
  });

  it('adds every AccessKey after a change of the guardrails, with low priority', () => {
    const { added } = enqueuedBy((_, limits) => limits.set({ maxTokenLifetime: '1h' }));
    expect(added).toEqual(['low far/zoe', 'low shop/ann', 'low shop/bob']);
  });

  it.each<[string, (all: ReturnType<typeof caches>) => void, string[]]>([
    ['an AccessKey that changed', (all) => all.accessKeys.upsert({ ...ann, resourceVersion: '11' }), ['shop/ann']],
    ['an AccessKey that was deleted', (all) => all.accessKeys.remove(ann.key), ['shop/ann']],
    ['the owner of a Secret', (all) => all.secrets.upsert(secret({ name: 'x' })), ['shop/ann']],
    [
      'AccessKeys that want the name of a Secret',
      (all) => all.secrets.upsert(secret({ name: 'bob-main' })),
      ['shop/ann', 'shop/bob'],
    ],
    ['nothing for a Secret without owner', (all) => all.secrets.upsert(secret({ name: 'x', ownerReferences: [] })), []],
    [
      'nothing for a wanted name in another namespace',
      (all) => all.secrets.upsert(secret({ namespace: 'x', ownerReferences: [] })),
      [],
    ],
    [
      'the AccessKeys of a namespace that is being deleted',
      (all) => all.namespaces.upsert(namespace('shop', true)),
      ['shop/ann', 'shop/bob'],
    ],
    ['nothing for a namespace that did not change', (all) => all.namespaces.upsert(namespace('none')), []],
  ])('adds %s', (_, work, keys) => {
    expect(enqueuedBy(work).keys).toEqual(keys);
  });

  it('adds the former owner of a Secret and the AccessKeys that want its name', () => {
    const { keys } = enqueuedBy((all) => {
      all.secrets.upsert(secret({ of: far, name: 'ann-main', namespace: 'shop' }));
    });
    expect(keys).toEqual(['far/zoe', 'shop/ann']);
    const gone = enqueuedBy((all) => all.secrets.remove('shop/ann-main'), {
      accessKeys: [ann, bob],
      secrets: [secret({ of: bob, name: 'ann-main' })],
    });
    expect(gone.keys).toEqual(['shop/ann', 'shop/bob']);
  });

  describe('with AccessKeys that wait for the name of a Secret', () => {
    const keyPairs = [{ name: 'main', secret: { name: 'taken' } }];
    const waiters = Array.from({ length: 200 }, (_, n) => accessKey({ name: `w${n}`, user: `w${n}`, keyPairs }));
    const blocking = (parts: SecretParts = {}) =>
      toCachedSecret(rawSecret({ name: 'taken', ownerReferences: [], annotations: {}, ...parts }));
    const adopt = { 'ghippo.io/adopt': 'w0/main' };
    /** How many AccessKeys are added when the second Secret replaces the first. */
    const addedBy = (before: SecretParts, after: SecretParts | undefined) =>
      enqueuedBy(
        ({ secrets }) =>
          after ? secrets.upsert(blocking({ resourceVersion: '21', ...after })) : secrets.remove('shop/taken'),
        { accessKeys: waiters, secrets: [blocking(before)] },
      ).keys.length;

    it.each<[string, SecretParts, SecretParts]>([
      ['other annotations', {}, { annotations: { touched: '1' } }],
      ['other labels', {}, { labels: { touched: '1' } }],
      ['other data', {}, { data: { x: 'y' } }],
      ['an owner of another kind', {}, { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'a', uid: 'u' }] }],
    ])('adds none of them when the Secret gets %s', (_, before, after) => {
      expect(addedBy(before, after)).toBe(0);
    });

    it.each<[string, SecretParts, SecretParts | undefined]>([
      ['is deleted', {}, undefined],
      ['is created again', {}, { uid: 'other' }],
      ['is being deleted', {}, { deletionTimestamp: at(0) }],
      ['gets an AccessKey as its owner', {}, { of: ann, ownerReferences: rawSecret().metadata.ownerReferences }],
      ['is marked for adoption', {}, { annotations: adopt }],
      ['changes while it is marked', { annotations: adopt }, { annotations: adopt, data: { ak: 'x' } }],
    ])('adds all of them when the Secret %s', (_, before, after) => {
      expect(addedBy(before, after)).toBe(200);
    });
  });

  it('gives a low priority to AccessKeys that do not own the Secret whose name they want', () => {
    const keyPairs = [{ name: 'main', secret: { name: 'ann-main' } }];
    const others = [1, 2].map((n) => accessKey({ name: `other${n}`, user: `other${n}`, keyPairs }));
    const content = { accessKeys: [ann, bob, ...others] };
    const expected = ['high shop/ann', 'low shop/ann', 'low shop/other1', 'low shop/other2'];
    expect(enqueuedBy((all) => all.secrets.upsert(secret()), content).added).toEqual(expected);
    const released = enqueuedBy((all) => all.accessKeys.remove(owner.key), { accessKeys: [owner, waiting] });
    expect(released.added).toContain('low shop/a');
  });

  it('gives a low priority to AccessKeys that do not hold the user whose holder changes', () => {
    const others = [1, 2].map((n) => accessKey({ name: `ann${n}`, user: 'ann', creationTimestamp: at(n) }));
    const { added } = enqueuedBy((all) => all.accessKeys.remove(ann.key), { accessKeys: [ann, bob, ...others] });
    expect(added).toEqual(['low shop/ann2', 'normal shop/ann1', 'urgent shop/ann']);
  });

  it.each<[string, (all: ReturnType<typeof caches>) => void, string[]]>([
    ['is deleted', (all) => all.accessKeys.remove('shop/a-b'), ['shop/a', 'shop/a-b']],
    ['is unchanged', (all) => all.accessKeys.upsert({ ...owner, resourceVersion: '11' }), ['shop/a-b']],
    [
      'renames its Secret',
      (all) =>
        all.accessKeys.upsert({
          ...owner,
          resourceVersion: '11',
          spec: { ...owner.spec, keyPairs: [{ name: 'c', secret: { name: 'x' } }] },
        }),
      ['shop/a', 'shop/a-b'],
    ],
  ])('adds the AccessKeys that wait for the Secret name of another when it %s', (_, work, keys) => {
    expect(enqueuedBy(work, { accessKeys: [owner, waiting] }).keys).toEqual(keys);
  });

  it('adds only the next holder of a user when many AccessKeys that do not hold it wait', () => {
    const conditions = [
      { type: 'Ready', status: 'False', reason: 'UserClaimed', message: '', lastTransitionTime: at(0) },
    ];
    const status = { observedGeneration: 1, conditions } as AccessKeyStatus;
    const others = Array.from({ length: 200 }, (_, n) =>
      accessKey({ name: `ann${n}`, user: 'ann', creationTimestamp: at(n), status }),
    );
    const { added } = enqueuedBy((all) => all.accessKeys.remove(ann.key), { accessKeys: [ann, ...others] });
    expect(added).toEqual(['normal shop/ann0', 'urgent shop/ann']);
  });

  it('adds all AccessKeys that name a user whose holder changes', () => {
    const others = [1, 2].map((n) => accessKey({ name: `ann${n}`, user: 'ann', creationTimestamp: at(n) }));
    const { keys } = enqueuedBy((all) => all.accessKeys.remove(ann.key), { accessKeys: [ann, bob, ...others] });
    expect(keys).toEqual(['shop/ann', 'shop/ann1', 'shop/ann2']);
  });
});

import { describe, expect, it } from 'vitest';
import type { AccessKeyRecord } from '../../../src/accesskey/access-key-record.ts';
import { apply } from '../../../src/accesskey/apply.ts';
import { type Plan, plan } from '../../../src/accesskey/plan.ts';
import { isKey } from '../../../src/credential/key-pair.ts';
import { type SecretRecord, secretType, toSecretRecord } from '../../../src/credential/secret-record.ts';
import { accessKey, keyPair, rawSecret, secret } from '../../support/builders.ts';
import { createSecretsApi, noAnswer, refused } from './secrets-api.ts';

type SecretsApi = ReturnType<typeof createSecretsApi>;

const one = accessKey();
const both = accessKey({ keyPairs: [{ name: 'main' }, { name: 'ci' }] });
const renamed = accessKey({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] });
const stranger = accessKey({ name: 'bob', user: 'bob' });

function planOf(subject: AccessKeyRecord, secrets: readonly SecretRecord[]): Plan {
  return plan({ accessKey: subject, stopped: false, claimHolder: subject.key, secrets });
}

/** One pass with a cache that is up to date. */
function pass(api: SecretsApi, subject: AccessKeyRecord) {
  const owned = api.all().map(toSecretRecord);
  return apply(
    api.client,
    subject,
    planOf(
      subject,
      owned.filter((found) => found.ownerUID === subject.uid),
    ),
  );
}

const changes = ({ pairs }: Awaited<ReturnType<typeof apply>>) =>
  pairs.map((outcome) => (outcome.kind === 'present' ? outcome.change : outcome.kind));

const plain = (raw: { data: Record<string, string> } | undefined) => ({
  ak: Buffer.from(raw?.data.ak ?? '', 'base64').toString(),
  sk: Buffer.from(raw?.data.sk ?? '', 'base64').toString(),
});

describe('a plan that is carried out', () => {
  const third = { ...both, spec: { ...both.spec, keyPairs: [{ name: 'third' }] } };

  it.each<[string, AccessKeyRecord, ReturnType<typeof rawSecret>[], string[]]>([
    ['nothing there', both, [], ['create ann-main', 'create ann-ci']],
    ['all as it should be', one, [rawSecret()], []],
    ['labels lost', one, [rawSecret({ labels: { team: 'shop' } })], ['patch ann-main']],
    ['no sk', one, [rawSecret({ data: { sk: undefined } })], ['patch ann-main']],
    ['malformed and unlabelled', one, [rawSecret({ data: { ak: 'x' }, labels: {} })], ['patch ann-main']],
    ['a pair removed', one, [rawSecret(), rawSecret({ of: both, pair: 'ci', keys: keyPair(2) })], ['delete ann-ci']],
    ['a pair replaced', third, [rawSecret()], ['create ann-third', 'delete ann-main']],
    ['the Secret renamed', renamed, [rawSecret({ name: 'ann-main' })], ['create new', 'delete ann-main']],
    ['the name taken', one, [rawSecret({ of: stranger, name: 'ann-main' })], []],
  ])('leads to one that does nothing: %s', async (_, subject, content, writes) => {
    const api = createSecretsApi(...content);
    // A move takes two passes: the former Secret goes when the new one is seen.
    await pass(api, subject);
    await pass(api, subject);
    expect(api.writes).toEqual(writes);
    const before = api.all();
    const last = await pass(api, subject);
    expect(changes(last).every((change) => change === 'none' || change === 'conflict')).toBe(true);
    expect(last.removed).toEqual([]);
    expect(api.writes).toEqual(writes);
    expect(api.all()).toEqual(before);
  });
});

describe('create', () => {
  it('makes a Secret of ours with a fresh pair', async () => {
    const api = createSecretsApi();
    const outcome = await pass(api, one);
    const [made] = api.all();
    expect(changes(outcome)).toEqual(['created']);
    expect(made).toMatchObject({
      metadata: {
        name: 'ann-main',
        namespace: 'shop',
        labels: {
          'app.kubernetes.io/managed-by': 'accesskey-operator',
          'ghippo.io/access-key': 'ann',
          'ghippo.io/key-pair': 'main',
        },
        ownerReferences: [
          { apiVersion: 'ghippo.io/v1alpha1', kind: 'AccessKey', name: 'ann', uid: one.uid, controller: true },
        ],
      },
      type: secretType,
    });
    expect(made?.metadata.ownerReferences[0]).not.toHaveProperty('blockOwnerDeletion');
    const { ak, sk } = plain(made);
    expect([isKey(ak), isKey(sk), ak === sk]).toEqual([true, true, false]);
    expect(outcome.pairs[0]).toMatchObject({ secret: { ak, ownerUID: one.uid, key: 'shop/ann-main' } });
    expect(JSON.stringify(outcome)).not.toContain(sk);
  });

  it('says lost when status knows a pair of that name, and makes a new ak', async () => {
    const keyPairs = [{ name: 'main', accessKey: keyPair().ak, secretName: 'ann-main', state: 'Active' as const }];
    const api = createSecretsApi();
    const outcome = await pass(api, accessKey({ status: { keyPairs } }));
    expect(changes(outcome)).toEqual(['lost']);
    expect(plain(api.all()[0]).ak).not.toBe(keyPair().ak);
  });

  it('says created when status knows the pair but no ak of it', async () => {
    const keyPairs = [{ name: 'main', secretName: 'ann-main', state: 'Pending' as const }];
    expect(changes(await pass(createSecretsApi(), accessKey({ status: { keyPairs } })))).toEqual(['created']);
  });

  it('keeps the pair that a stale cache does not show', async () => {
    const api = createSecretsApi(rawSecret());
    const outcome = await apply(api.client, one, planOf(one, []));
    expect(changes(outcome)).toEqual(['none']);
    expect(api.writes).toEqual([]);
    expect(plain(api.all()[0])).toEqual(keyPair());
  });

  it('repairs the one that lost the label and so fell out of the watch', async () => {
    const api = createSecretsApi(rawSecret({ labels: {} }));
    const outcome = await apply(api.client, one, planOf(one, []));
    expect(changes(outcome)).toEqual(['repaired']);
    expect(plain(api.all()[0])).toEqual(keyPair());
  });

  it.each([
    ['belongs to another AccessKey', { of: stranger }],
    ['belongs to nobody', { ownerReferences: [] }],
    ['is of another type', { type: 'Opaque' }],
    [
      'is controlled by something else',
      { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', uid: one.uid, controller: true }] },
    ],
    [
      'belonged to a former AccessKey of the same name',
      { ownerReferences: [{ apiVersion: 'ghippo.io/v1alpha1', kind: 'AccessKey', uid: 'former', controller: true }] },
    ],
  ])('leaves a Secret alone that %s', async (_, parts) => {
    const taken = rawSecret({ name: 'ann-main', ...parts });
    const api = createSecretsApi(taken);
    const outcome = await apply(api.client, one, planOf(one, []));
    expect(outcome.pairs).toEqual([{ kind: 'conflict', pair: { name: 'main' }, secretName: 'ann-main' }]);
    expect(api.writes).toEqual([]);
    expect(api.all()).toEqual([taken]);
  });

  it('throws when somebody else makes the Secret in the meantime', async () => {
    const api = createSecretsApi();
    api.refuse('create ann-main', refused(409, 'AlreadyExists'));
    await expect(pass(api, one)).rejects.toMatchObject({ status: 409 });
  });
});

describe('a move', () => {
  const former = rawSecret({ name: 'ann-main' });

  it('keeps both keys', async () => {
    const api = createSecretsApi(former);
    const outcome = await pass(api, renamed);
    expect(changes(outcome)).toEqual(['moved']);
    const [, moved] = api.all();
    expect(moved?.metadata.name).toBe('new');
    expect(plain(moved)).toEqual(keyPair());
    expect(JSON.stringify(outcome)).not.toContain(keyPair().sk);
  });

  it('makes a new pair when the former Secret turns out malformed', async () => {
    const api = createSecretsApi({ ...former, data: {} });
    const outcome = await apply(api.client, renamed, planOf(renamed, [toSecretRecord(former)]));
    expect(changes(outcome)).toEqual(['created']);
    expect(isKey(plain(api.all()[1]).ak)).toBe(true);
  });

  it('makes a new pair when the former Secret turns out deleted', async () => {
    const api = createSecretsApi();
    const outcome = await apply(api.client, renamed, planOf(renamed, [toSecretRecord(former)]));
    expect(changes(outcome)).toEqual(['created']);
    expect(api.writes).toEqual(['create new']);
  });

  it('does not copy the pair of another AccessKey that took the former name', async () => {
    const api = createSecretsApi(rawSecret({ of: stranger, name: 'ann-main', keys: keyPair(9) }));
    await apply(api.client, renamed, planOf(renamed, [toSecretRecord(former)]));
    expect(plain(api.all()[1]).ak).not.toBe(keyPair(9).ak);
  });
});

describe('regenerate', () => {
  it('makes both keys new, in the same Secret, and says which were malformed', async () => {
    const broken = rawSecret({ data: { sk: 'broken', note: 'kept' }, labels: {} });
    const api = createSecretsApi(broken);
    const outcome = await pass(api, one);
    expect(outcome.pairs).toMatchObject([{ kind: 'present', change: 'regenerated', malformed: ['sk'] }]);
    const [made] = api.all();
    const { ak, sk } = plain(made);
    expect([isKey(ak), isKey(sk)]).toEqual([true, true]);
    expect(ak).not.toBe(keyPair().ak);
    expect(made?.metadata.uid).toBe(broken.metadata.uid);
    expect(made?.data.note).toBe(broken.data.note);
  });
});

describe('a stale cache', () => {
  const newer = rawSecret({ resourceVersion: '21', data: { ak: undefined }, labels: {} });
  const successor = rawSecret({ uid: 'another', labels: {} });

  it.each([
    ['repair, the Secret changed', one, secret({ labels: {} }), newer],
    ['repair, the Secret was replaced', one, secret({ labels: {} }), successor],
    ['regenerate, the Secret changed', one, secret({ data: { sk: undefined } }), newer],
    ['remove, the Secret changed', accessKey({ keyPairs: [] }), secret(), newer],
    ['remove, the Secret was replaced', accessKey({ keyPairs: [] }), secret(), successor],
  ])('makes the pass fail and does no harm: %s', async (_, subject, cached, live) => {
    const api = createSecretsApi(live);
    await expect(apply(api.client, subject, planOf(subject, [cached]))).rejects.toMatchObject({ status: 409 });
    expect(api.all()).toEqual([live]);
  });

  it.each([
    ['repair', secret({ labels: {} })],
    ['regenerate', secret({ data: { sk: undefined } })],
  ])('makes the pass fail when the Secret is gone: %s', async (_, cached) => {
    await expect(apply(createSecretsApi().client, one, planOf(one, [cached]))).rejects.toMatchObject({ status: 404 });
  });

  it('removes what is gone already', async () => {
    const left = secret();
    const outcome = await apply(createSecretsApi().client, accessKey({ keyPairs: [] }), { pairs: [], remove: [left] });
    expect(outcome).toEqual({ pairs: [], removed: [left] });
  });
});

describe('a Secret that the API server refuses', () => {
  it.each([
    [403, 'Forbidden'],
    [422, 'Invalid'],
    [500, 'InternalError'],
  ])('with %d is a failed outcome and does not stop the other pair', async (status, reason) => {
    const error = refused(status, reason);
    const api = createSecretsApi();
    api.refuse('create ann-main', error);
    const outcome = await pass(api, both);
    expect(outcome.pairs[0]).toEqual({ kind: 'failed', pair: { name: 'main' }, secretName: 'ann-main', error });
    expect(changes(outcome)).toEqual(['failed', 'created']);
  });

  it.each([
    ['patch ann-main', rawSecret({ labels: {} })],
    ['patch ann-main', rawSecret({ data: { ak: 'x' } })],
  ])('is a failed outcome for %s too', async (call, content) => {
    const error = refused(403, 'Forbidden');
    const api = createSecretsApi(content);
    api.refuse(call, error);
    const outcome = await pass(api, one);
    expect(outcome.pairs).toEqual([{ kind: 'failed', pair: { name: 'main' }, secretName: 'ann-main', error }]);
    expect(api.all()).toEqual([content]);
  });

  it('makes the pass fail when it is a removal', async () => {
    const api = createSecretsApi(rawSecret());
    api.refuse('delete ann-main', refused(403, 'Forbidden'));
    await expect(pass(api, accessKey({ keyPairs: [] }))).rejects.toMatchObject({ status: 403 });
  });

  it.each(['read ann-main', 'create ann-main'])('no answer to %s makes the pass fail', async (call) => {
    const api = createSecretsApi();
    api.refuse(call, noAnswer);
    await expect(pass(api, one)).rejects.toBe(noAnswer);
  });
});

/** A former Secret that could not be deleted keeps the keys from before a rotation; they must not work again. */
import { describe, expect, it } from 'vitest';
import { createPairLookup } from '../../../../src/accesskey/live/pair-lookup.ts';
import type { AccessKeyRecord, KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import { apply } from '../../../../src/accesskey/reconcile/apply.ts';
import { removeSecrets } from '../../../../src/accesskey/reconcile/remove-secrets.ts';
import { resolve } from '../../../../src/accesskey/reconcile/resolve-create.ts';
import { createSecretApi } from '../../../../src/accesskey/reconcile/secret-api.ts';
import { StaleCacheError } from '../../../../src/accesskey/reconcile/secret-errors.ts';
import { toFetchedSecret } from '../../../../src/credential/secret-record.ts';
import {
  accessKey,
  at,
  caches,
  keyPair,
  known,
  now,
  pairStatus,
  rawSecret,
  secret,
} from '../../../support/builders.ts';
import { statusAfter } from './outcomes.ts';
import { changes, plain, planOf, reconcileOnce, settle, withStatus } from './reconciles.ts';
import { createSecretsApi, type RawSecret, rejected, type SecretsApi } from './secrets-api.ts';

const oldAk = keyPair().ak;
const edited = (of: AccessKeyRecord, pair: Partial<KeyPairSpec>): AccessKeyRecord => ({
  ...of,
  generation: of.generation + 1,
  spec: { ...of.spec, keyPairs: [{ name: 'main', ...pair }] },
});

/** Moved from ann-main, which cannot be deleted, to `new`, rotated there, and moved back in the spec. */
async function moveBack(reverted: Partial<KeyPairSpec> = { revision: 2 }, createdAt = at(-1800)) {
  const api = createSecretsApi(rawSecret({ createdAt }));
  api.reject('delete ann-main', rejected(403, 'Forbidden'));
  let subject = edited(known(), { secret: { name: 'new' } });
  for (let turn = 0; turn < 2; turn += 1) subject = withStatus(subject, await reconcileOnce(api, subject));
  subject = edited(subject, { revision: 2, secret: { name: 'new' } });
  subject = withStatus(subject, await reconcileOnce(api, subject));
  const { ak } = plain(api.get('new'));
  expect(ak).not.toBe(oldAk);
  return { api, subject: edited(subject, reverted), ak };
}

/** Reconciles a few times while deletions are rejected, so it does not settle. @returns the AccessKey with its status */
async function reconcileAgain(api: SecretsApi, accessKey: AccessKeyRecord): Promise<AccessKeyRecord> {
  let current = accessKey;
  for (let turn = 0; turn < 3; turn += 1) current = withStatus(current, await reconcileOnce(api, current));
  return current;
}

function states(api: SecretsApi, subject: AccessKeyRecord, ak: string) {
  const lookup = createPairLookup(caches({ accessKeys: [subject], secrets: api.watched(subject) }));
  return lookup.find(ak, now).map(({ state }) => state);
}

describe.each([
  ['with the same revision', { revision: 2 }],
  ['with the former revision', {}],
  ['with an overlap', { rotation: { overlap: '1h' } }],
])('moving back to a former Secret with a rotated pair, %s', (_, reverted) => {
  it('does not make the rotated pair valid again', async () => {
    const { api, subject, ak } = await moveBack(reverted);
    expect(states(api, subject, oldAk)).toEqual([]);
    expect(states(api, subject, ak)).toEqual(['Active']);
  });

  it('keeps the current pair and its Secret while the former one cannot be deleted', async () => {
    const { api, subject, ak } = await moveBack(reverted);
    const outcome = await reconcileOnce(api, subject);
    expect(changes(outcome)).toEqual(['SecretTerminating']);
    expect(outcome.notRemoved).toMatchObject([{ secretName: 'ann-main' }]);
    const after = withStatus(subject, outcome);
    expect(after.status.keyPairs).toMatchObject([{ state: 'Active', accessKey: ak, secretName: 'new' }]);
    expect(after.status.conditions?.[0]).toMatchObject({ reason: 'SecretFailed', status: 'False' });
    expect(plain(api.get('new')).ak).toBe(ak);
  });

  it('moves the current pair once the former one is deleted', async () => {
    const { api, subject, ak } = await moveBack(reverted);
    api.allow('delete ann-main');
    const { accessKey: after } = await settle(api, subject);
    expect(api.all().map(({ metadata }) => metadata.name)).toEqual(['ann-main']);
    expect(plain(api.get('ann-main')).ak).toBe(ak);
    expect(after.status.keyPairs).toMatchObject([{ state: 'Active', accessKey: ak, secretName: 'ann-main' }]);
  });
});

describe('a rotation that is due after moving back', () => {
  it('happens in the current Secret, and the former pair stays invalid, even if no status is written', async () => {
    const { api, subject, ak } = await moveBack({ revision: 3 });
    for (let turn = 0; turn < 2; turn += 1) {
      expect(changes(await reconcileOnce(api, subject))).toEqual(['SecretTerminating']);
      expect(states(api, subject, oldAk)).toEqual([]);
    }
    expect(plain(api.get('new')).ak).not.toBe(ak);
  });

  it('waits until the status names the current Secret', async () => {
    const { api, subject, ak } = await moveBack({ revision: 3 });
    const [status] = subject.status.keyPairs ?? [];
    const unnamed = { ...subject, status: { keyPairs: [{ ...pairStatus(status), secretName: 'gone' }] } };
    const outcome = await reconcileOnce(api, unnamed);
    expect(plain(api.get('new')).ak).toBe(ak);
    await reconcileOnce(api, withStatus(unnamed, outcome));
    expect(plain(api.get('new')).ak).not.toBe(ak);
  });
});

describe('a rotation after a move that the status does not show', () => {
  const subject = known({ keyPairs: [{ name: 'main', revision: 2, secret: { name: 'new' } }] });
  const start = () => createSecretsApi(rawSecret({ name: 'ann-main' }), rawSecret({ of: subject }));

  it('happens once the status names the new Secret', async () => {
    const api = start();
    const outcome = await reconcileOnce(api, subject);
    expect(outcome.removed).toEqual(['ann-main']);
    expect(plain(api.get('new'))).toEqual(keyPair());
    expect(withStatus(subject, outcome).status.keyPairs).toMatchObject([{ secretName: 'new', state: 'Pending' }]);
    await settle(api, withStatus(subject, outcome));
    expect(plain(api.get('new')).ak).not.toBe(oldAk);
  });

  it('happens once, also if the former Secret cannot be deleted and the second status is not written', async () => {
    const api = start();
    api.reject('delete ann-main', rejected(403, 'Forbidden'));
    const moved = withStatus(subject, await reconcileOnce(api, subject));
    await reconcileOnce(api, moved);
    const { ak } = plain(api.get('new'));
    expect(ak).not.toBe(oldAk);
    await reconcileOnce(api, withStatus(moved, await reconcileOnce(api, moved)));
    expect(plain(api.get('new')).ak).toBe(ak);
  });
});

describe('a Secret of the desired name with another ak than the status', () => {
  const moved = known({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] }, { secretName: 'new' });
  const rotated = secret({ of: moved, keys: keyPair(2) });
  const former = secret({ name: 'ann-main' });

  it('is kept after a crash between a rotation and the status, also if a former Secret remains', () => {
    for (const secrets of [[rotated], [rotated, former]]) {
      expect(planOf(moved, secrets).pairs).toMatchObject([{ kind: 'keep', secret: { name: 'new' } }]);
      expect(planOf(moved, secrets).remove.map(({ name }) => name)).toEqual(secrets.slice(1).map(({ name }) => name));
    }
  });

  it('waits if only the API server has it, and the pair is in another Secret', () => {
    const back = known({}, { secretName: 'new', accessKey: keyPair(2).ak });
    const action = { kind: 'create' as const, pair: { name: 'main' }, secretName: 'ann-main', rotation: undefined };
    const fetched = toFetchedSecret(rawSecret());
    const resolved = (from: typeof former | undefined) =>
      resolve({ accessKey: back, action: { ...action, from }, fetched, now });
    expect(resolved(rotated)).toMatchObject({ kind: 'wait' });
    expect(resolved(undefined)).toMatchObject({ kind: 'keep' });
  });

  it('is not deleted if the API server has a newer status, or no other Secret with the pair', async () => {
    const { api, subject: moved } = await moveBack({}, at(0));
    const { formerSecrets: _, ...status } = moved.status;
    const subject = { ...moved, status };
    api.allow('delete ann-main');
    api.know(subject);
    const cached = api.watched(subject);
    const client = createSecretApi(api.client);
    const progress = { changed: () => undefined, removed: () => undefined };
    const remove = (accessKey: AccessKeyRecord) =>
      removeSecrets({ api: client, accessKey, progress, mayOwn: () => true, now }, planOf(accessKey, cached));
    await expect(remove({ ...subject, resourceVersion: 'older' })).rejects.toThrow(StaleCacheError);
    for (const one of cached.filter(({ name }) => name === 'new')) await client.remove(one);
    await expect(remove(subject)).rejects.toThrow(StaleCacheError);
    expect(api.get('ann-main')).toBeDefined();
  });
});

describe('an adopted Secret', () => {
  const subject = known({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] });
  const marked = rawSecret({
    name: 'new',
    keys: keyPair(2),
    ownerReferences: [],
    annotations: { 'ghippo.io/adopt': 'ann/main' },
  });

  it('is kept if the status is not written after the adoption', async () => {
    const api = createSecretsApi(rawSecret(), marked);
    expect(changes(await reconcileOnce(api, subject))).toEqual(['adopted']);
    const { accessKey: settled } = await settle(api, subject);
    expect(plain(api.get('new'))).toEqual(keyPair(2));
    expect(settled.status.keyPairs).toMatchObject([{ accessKey: keyPair(2).ak, secretName: 'new' }]);
  });

  it('is not rotated if the key pair was removed before', async () => {
    const api = createSecretsApi(rawSecret(), marked);
    const removed = known(
      { keyPairs: [{ name: 'main', secret: { name: 'new' } }] },
      { state: 'Disabled', removed: true },
    );
    await settle(api, removed);
    expect(plain(api.get('new'))).toEqual(keyPair(2));
  });

  it('is not touched while the former Secret of the pair cannot be deleted', async () => {
    const api = createSecretsApi(rawSecret(), marked);
    api.reject('delete ann-main', rejected(403, 'Forbidden'));
    const outcome = await reconcileOnce(api, subject);
    expect(api.get('new')).toEqual(marked);
    const after = withStatus(subject, outcome).status;
    expect(after.conditions?.[0]).toMatchObject({ reason: 'SecretFailed' });
    expect(after.keyPairs).toMatchObject([{ accessKey: oldAk, secretName: 'ann-main', state: 'Active' }]);
  });

  it('replaces every Secret of the key pair; the current one is deleted last', async () => {
    const elsewhere = known({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] }, { secretName: 'current' });
    const api = createSecretsApi(rawSecret({ name: 'current' }), rawSecret(), marked);
    api.reject('delete ann-main', rejected(403, 'Forbidden'));
    expect(changes(await reconcileOnce(api, elsewhere))).toEqual(['SecretFailed']);
    expect(api.get('current')).toBeDefined();
    api.allow('delete ann-main');
    expect(changes(await reconcileOnce(api, elsewhere))).toEqual(['adopted']);
    expect(api.all().map(({ metadata }) => metadata.name)).toEqual(['new']);
  });

  it('replaces the current Secret of the key pair, even if its annotations are wrong', async () => {
    const swapped = { ...rawSecret().metadata.annotations, 'ghippo.io/ak-key': 'sk', 'ghippo.io/sk-key': 'ak' };
    const api = createSecretsApi(rawSecret({ annotations: swapped }), marked);
    expect(changes(await reconcileOnce(api, subject))).toEqual(['adopted']);
    const { accessKey: after } = await settle(api, subject);
    expect(after.status.keyPairs).toMatchObject([{ state: 'Active', accessKey: keyPair(2).ak, secretName: 'new' }]);
  });
});

it('a moved Secret that a policy breaks is not deleted, also if the status does not name it yet', async () => {
  const keys = { akKey: 'user', skKey: 'password' };
  const api = createSecretsApi();
  const { accessKey: settled } = await settle(api, accessKey({ keyPairs: [{ name: 'main', secret: keys }] }));
  api.admit((raw) => {
    const { 'ghippo.io/ak-key': _, 'ghippo.io/sk-key': __, ...annotations } = raw.metadata.annotations;
    return { ...raw, metadata: { ...raw.metadata, annotations } };
  });
  const renamed = edited(settled, { secret: { ...keys, name: 'new' } });
  for (let turn = 0; turn < 4; turn += 1) await reconcileOnce(api, renamed);
  expect(api.writes().filter((write) => write === 'create new')).toHaveLength(1);
  expect(api.writes()).not.toContain('delete new');
});

it('a former Secret whose annotations are forged does not become the key pair again', async () => {
  const { api, subject } = await moveBack();
  const former = api.get('ann-main') as RawSecret;
  const metadata = { ...former.metadata, annotations: { ...former.metadata.annotations, 'ghippo.io/ak-key': 'x' } };
  api.put({ ...former, metadata });
  const current = await reconcileAgain(api, subject);
  expect(states(api, current, oldAk)).toEqual([]);
  expect(JSON.stringify(current.status)).not.toContain(oldAk);
});

/** A person removes the owner of a Secret. */
function disown(api: SecretsApi, name: string, added: Record<string, string> = {}): void {
  const raw = api.get(name) as RawSecret;
  const annotations = { ...raw.metadata.annotations, ...added };
  api.put({ ...raw, metadata: { ...raw.metadata, annotations, ownerReferences: [] } });
}

/** Applies the plan of an AccessKey. @param change is done meanwhile */
function applyStale(api: SecretsApi, accessKey: AccessKeyRecord, change: () => unknown) {
  api.know(accessKey);
  const scope = { api: createSecretApi(api.client), accessKey, now, mayOwn: () => true };
  const progress = { changed: () => undefined, removed: () => undefined };
  const plan = planOf(accessKey, api.watched(accessKey));
  change();
  return apply({ ...scope, progress, plan });
}

describe('a former Secret in the status', () => {
  const former = (subject: AccessKeyRecord) => subject.status.formerSecrets?.map(({ name }) => name);

  it('never holds the key pair again, even if the current Secret is deleted', async () => {
    const { api, subject, ak } = await moveBack({ secret: { name: 'new' } });
    expect(former(subject)).toEqual(['ann-main']);
    api.drop('new');
    expect(states(api, subject, oldAk)).toEqual([]);
    const after = await reconcileAgain(api, subject);
    expect([oldAk, ak]).not.toContain(plain(api.get('new')).ak);
    expect(after.status.keyPairs).toMatchObject([{ state: 'Active', accessKey: plain(api.get('new')).ak }]);
    expect(states(api, after, oldAk)).toEqual([]);
  });

  it('never holds the key pair again, even if the current Secret is disowned', async () => {
    const { api, subject } = await moveBack({ secret: { name: 'new' } });
    disown(api, 'new');
    const outcome = await reconcileOnce(api, subject);
    expect(changes(outcome)).toEqual(['SecretConflict']);
    expect(states(api, withStatus(subject, outcome), oldAk)).toEqual([]);
  });

  it('does not give its keys to another key pair with its label', async () => {
    const { api, subject } = await moveBack({ secret: { name: 'new' } });
    const secret = api.get('ann-main') as RawSecret;
    const labels = { ...secret.metadata.labels, 'ghippo.io/key-pair': 'other' };
    api.put({ ...secret, metadata: { ...secret.metadata, labels } });
    const keyPairs = [...(subject.spec.keyPairs ?? []), { name: 'other', secret: { name: 'ann-main' } }];
    const both = { ...subject, generation: subject.generation + 1, spec: { ...subject.spec, keyPairs } };
    const outcome = await reconcileOnce(api, both);
    expect(changes(outcome)).toEqual(['none', 'SecretTerminating']);
    expect(states(api, withStatus(both, outcome), oldAk)).toEqual([]);
    api.allow('delete ann-main');
    const { accessKey: after } = await settle(api, withStatus(both, outcome));
    expect(after.status.keyPairs).toMatchObject([{ state: 'Active' }, { state: 'Active', secretName: 'ann-main' }]);
    expect(plain(api.get('ann-main')).ak).not.toBe(oldAk);
  });

  it('stays there while the key pair is removed, and if it is added again', async () => {
    const { api, subject } = await moveBack({ secret: { name: 'new' } });
    const without = { ...edited(subject, {}), spec: { ...subject.spec, keyPairs: [] } };
    const removed = withStatus(without, await reconcileOnce(api, without));
    expect(former(removed)).toEqual(['ann-main']);
    const again = edited(removed, {});
    const outcome = await reconcileOnce(api, again);
    expect(changes(outcome)).toEqual(['SecretTerminating']);
    expect(states(api, withStatus(again, outcome), oldAk)).toEqual([]);
  });

  it('stays there while another AccessKey holds the user', async () => {
    const { subject } = await moveBack();
    const outcome = { pairs: [], notRemoved: [] };
    const status = statusAfter({ accessKey: subject, userHolder: 'shop/first', outcome, now });
    expect(status.formerSecrets).toEqual(subject.status.formerSecrets);
  });

  it('is deleted as soon as the API server permits it, and then not in the status any more', async () => {
    const { api, subject } = await moveBack({ secret: { name: 'new' } });
    api.drop('new');
    api.allow('delete ann-main');
    const { accessKey: after } = await settle(api, subject);
    expect(api.all().map(({ metadata }) => metadata.name)).toEqual(['new']);
    expect(former(after)).toBeUndefined();
  });

  it('is not deleted, and no other one is adopted, if the API server has a newer status', async () => {
    const { api, subject } = await moveBack();
    api.allow('delete ann-main');
    const newer = () => api.know({ ...subject, resourceVersion: 'newer' });
    await expect(applyStale(api, subject, newer)).rejects.toThrow(StaleCacheError);
    const { formerSecrets: _, ...status } = subject.status;
    disown(api, 'ann-main', { 'ghippo.io/adopt': 'ann/main' });
    await expect(applyStale(api, { ...subject, status }, newer)).rejects.toThrow(StaleCacheError);
    expect(api.all()).toHaveLength(2);
  });

  it('is adopted, if a person has disowned and marked it, once the status does not have it', async () => {
    const { api, subject } = await moveBack({ revision: 2 });
    disown(api, 'ann-main', { 'ghippo.io/adopt': 'ann/main' });
    const waiting = await reconcileOnce(api, subject);
    expect(changes(waiting)).toEqual(['SecretTerminating']);
    const { accessKey: after } = await settle(api, withStatus(subject, waiting));
    expect(after.status.keyPairs).toMatchObject([{ state: 'Active', accessKey: oldAk, secretName: 'ann-main' }]);
  });

  it('is a conflict at once if a person has disowned it, and it is not marked for adoption', async () => {
    const { api, subject } = await moveBack({ revision: 2 });
    disown(api, 'ann-main');
    expect(changes(await reconcileOnce(api, subject))).toEqual(['SecretConflict']);
  });
});

it('a Secret that has the ak in the status is not a former one: an older version may have written the status', async () => {
  const { api, subject } = await moveBack({ revision: 2 });
  const { formerSecrets = [], keyPairs: [pair] = [] } = subject.status;
  api.drop('new');
  const keyPairs = [pairStatus({ ...pair, accessKey: oldAk, secretName: 'ann-main', revision: 2 })];
  const { accessKey: after } = await settle(api, {
    ...subject,
    status: { ...subject.status, formerSecrets, keyPairs },
  });
  expect(after.status).toMatchObject({ keyPairs: [{ state: 'Active', accessKey: oldAk }] });
  expect(after.status.formerSecrets).toBeUndefined();
});

it('the Secret of a key pair in the status is not a former one of another key pair, whatever its label says', async () => {
  const ci = { name: 'ci' };
  const both = known({ keyPairs: [{ name: 'main' }, ci] }, {}, pairStatus({ name: 'ci', accessKey: keyPair(2).ak }));
  const labels = { 'ghippo.io/access-key': 'ann', 'ghippo.io/key-pair': 'main' };
  // The key pair ci was rotated, and the status does not have its new ak yet.
  const api = createSecretsApi(rawSecret(), rawSecret({ of: both, pair: 'ci', keys: keyPair(3), labels }));
  api.reject('delete ann-ci', rejected(403, 'Forbidden'));
  const outcome = await reconcileOnce(api, both);
  expect(withStatus(both, outcome).status.formerSecrets).toBeUndefined();
});

it('revoked keys in a Secret between two moves are deleted, even if the name for the second move is taken', async () => {
  const api = createSecretsApi(rawSecret(), rawSecret({ name: 'taken', keys: keyPair(9), ownerReferences: [] }));
  api.reject('delete ann-main', rejected(403, 'Forbidden'));
  const moved = await reconcileAgain(api, edited(known(), { secret: { name: 'new' } }));
  const rotated = await reconcileAgain(api, edited(moved, { revision: 2, secret: { name: 'taken' } }));
  const reverted = await reconcileAgain(api, edited(rotated, { secret: { name: 'taken' } }));
  expect(plain(api.get('new')).ak).not.toBe(oldAk);
  expect(reverted.status.formerSecrets).toMatchObject([{ name: 'ann-main' }]);
  expect(states(api, reverted, oldAk)).toEqual([]);
});

it('a key pair that is added again under another Secret name is created, not lost', async () => {
  const api = createSecretsApi(rawSecret());
  api.reject('delete ann-main', rejected(403, 'Forbidden'));
  const removed = known(
    { keyPairs: [{ name: 'main', secret: { name: 'new' } }] },
    { state: 'Disabled', removed: true },
  );
  const recorded = {
    ...removed,
    status: { ...removed.status, formerSecrets: [{ name: 'ann-main', uid: secret({}).uid }] },
  };
  const [pair] = recorded.status.keyPairs ?? [];
  const withOtherAk = { ...recorded.status, keyPairs: [pairStatus({ ...pair, accessKey: keyPair(5).ak })] };
  expect(changes(await reconcileOnce(api, { ...recorded, status: withOtherAk }))).toEqual(['created']);
});

it('a Secret with the same keys as the current one, that could not be deleted, is not a former Secret', async () => {
  const api = createSecretsApi(rawSecret());
  api.reject('delete ann-main', rejected(403, 'Forbidden'));
  const moved = edited(known(), { secret: { name: 'new' } });
  const created = withStatus(moved, await reconcileOnce(api, moved));
  const outcome = await reconcileOnce(api, created);
  expect(outcome.notRemoved).toHaveLength(1);
  expect(withStatus(created, outcome).status.formerSecrets).toBeUndefined();
});

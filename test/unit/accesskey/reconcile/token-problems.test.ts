/** The token in a Secret while its pair has a problem, or while another AccessKey holds the user. */
import { describe, expect, it } from 'vitest';
import type { AccessKeyRecord, KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import { applyTokens } from '../../../../src/accesskey/reconcile/apply-token.ts';
import { combineProblems, errorOf } from '../../../../src/accesskey/reconcile/problems.ts';
import { createSecretApi } from '../../../../src/accesskey/reconcile/secret-api.ts';
import { accessKey, known, noTokens, now, rawSecret } from '../../../support/builders.ts';
import { outcomeOf, statusAfter } from './outcomes.ts';
import { changes, plain, reconcileOnce, settle, tokenOf, withStatus } from './reconciles.ts';
import { createSecretsApi, rejected } from './secrets-api.ts';

const day = 86_400_000;
const stranger = accessKey({ name: 'bob', user: 'bob' });

/** A pair with a token in ann-main that cannot move to `new`, which belongs to another AccessKey. */
async function blocked(parts: Partial<KeyPairSpec> = {}) {
  const api = createSecretsApi(rawSecret(), rawSecret({ of: stranger, name: 'new' }));
  const { accessKey: first } = await settle(api, known({ keyPairs: [{ name: 'main', token: {} }] }));
  const keyPairs = [{ name: 'main', token: {}, secret: { name: 'new' }, ...parts }];
  const subject: AccessKeyRecord = { ...first, generation: 2, spec: { ...first.spec, keyPairs } };
  const annotation = () => api.get('ann-main')?.metadata.annotations['ghippo.io/token'];
  return { api, subject, token: () => plain(api.get('ann-main'), 'token').ak, annotation };
}

describe('the token of a pair whose Secret name is taken', () => {
  it('is renewed in the current Secret', async () => {
    const { api, subject, annotation } = await blocked();
    const before = annotation();
    const outcome = await reconcileOnce(api, subject, now + 2 * day);
    expect(changes(outcome)).toEqual(['SecretConflict']);
    expect(outcome.pairs).toMatchObject([{ secretName: 'new', secret: { name: 'ann-main' } }]);
    expect(annotation()).not.toBe(before);
  });

  it('is that of the new pair after a rotation', async () => {
    const { api, subject, token } = await blocked({ revision: 2 });
    await reconcileOnce(api, subject);
    expect(token()).toBe(tokenOf(plain(api.get('ann-main')).ak));
  });

  it('is removed if the pair is disabled', async () => {
    const { api, subject, token } = await blocked({ enabled: false });
    await reconcileOnce(api, subject);
    expect(token()).toBe('');
  });

  it('is reported in addition if it cannot be written, and the reconcile is retried', async () => {
    const { api, subject } = await blocked({ enabled: false });
    api.reject('patch ann-main', rejected(403, 'Forbidden'));
    const outcome = await reconcileOnce(api, subject);
    expect(errorOf(outcome)).toMatchObject({ status: 403 });
    expect(withStatus(subject, outcome).status.conditions?.[0]).toMatchObject({
      reason: 'SecretConflict',
      message: expect.stringMatching(/^Secret new exists.*; cannot read or write Secret ann-main: rejected: 403/),
    });
  });
});

describe('two problems of one pair', () => {
  const conflict = { reason: 'SecretConflict' as const, message: 'taken' };
  const failed = { reason: 'SecretFailed' as const, message: 'failed: 1', stablePrefix: 'failed:', stalled: true };

  it('have the reason of the first, and both messages', () => {
    const stablePrefix = 'taken; failed:';
    const both = { reason: 'SecretConflict', message: 'taken; failed: 1', stablePrefix, stalled: true };
    expect(combineProblems(conflict, failed)).toEqual(both);
    expect(combineProblems(failed, conflict)).toMatchObject({ message: 'failed: 1; taken', stablePrefix: 'failed:' });
  });

  it('are the one problem if there is no other', () => {
    expect(combineProblems(undefined, failed)).toBe(failed);
    expect(combineProblems(conflict, undefined)).toBe(conflict);
    expect(combineProblems(undefined, undefined)).toBeUndefined();
  });
});

describe('the token in a Secret of an AccessKey whose user another one holds', () => {
  it('is reported and retried if it cannot be removed', async () => {
    const subject = known({ keyPairs: [{ name: 'main', token: {} }] });
    const api = createSecretsApi(rawSecret());
    const { accessKey: settled } = await settle(api, subject);
    api.reject('patch ann-main', rejected(403, 'Forbidden'));
    const progress = { changed: () => undefined, removed: () => undefined };
    const scope = { api: createSecretApi(api.client), accessKey: settled, progress, mayOwn: () => true, now };
    const userHolder = 'other/older';
    const options = { userHolder, secrets: api.watched(settled), tokens: noTokens, held: new Map() };
    const outcome = await applyTokens(scope, outcomeOf([]), options);
    expect(errorOf(outcome)).toMatchObject({ status: 403 });
    expect(statusAfter({ accessKey: settled, userHolder, outcome, now }).conditions?.[0]).toMatchObject({
      reason: 'UserClaimed',
      message: expect.stringMatching(
        /^user ann was already held by AccessKey other\/older; .*; cannot read or write Secret ann-main/,
      ),
    });
  });
});

import { describe, expect, it } from 'vitest';
import { resolve } from '../../../../src/accesskey/reconcile/resolve-create.ts';
import { toFetchedSecret } from '../../../../src/credential/secret-record.ts';
import { accessKey, at, keyPair, known, now, rawSecret, type SecretParts } from '../../../support/builders.ts';

const one = accessKey();
const former = accessKey({ uid: 'former' });
const mark = { 'ghippo.io/adopt': 'ann/main' };
const pair = { name: 'main' };

/** The resolved action for a create of `ann-main` when the API server has this Secret. */
function resolved(parts: SecretParts | undefined, subject = one) {
  const action = { kind: 'create' as const, pair, secretName: 'ann-main', from: undefined, rotation: undefined };
  const fetched = parts && toFetchedSecret(rawSecret(parts));
  const { spec } = subject;
  return resolve({
    accessKey: subject,
    action: { ...action, pair: spec.keyPairs?.find(({ name }) => name === 'main') ?? pair },
    fetched,
    now,
  });
}

describe('resolve', () => {
  it.each<[string, SecretParts | undefined, object]>([
    ['creates a Secret that does not exist', undefined, { kind: 'create' }],
    ['keeps a Secret that the cache did not show', {}, { kind: 'keep', secret: { name: 'ann-main' } }],
    ['updates a Secret that has lost its labels', { labels: {} }, { kind: 'update' }],
    ['regenerates an invalid pair', { data: { sk: 'x' } }, { kind: 'recover' }],
    [
      'waits for a Secret that is being deleted',
      { deletionTimestamp: at(-1) },
      { kind: 'wait', secretName: 'ann-main' },
    ],
    [
      'waits for a Secret that belongs to something else and is being deleted',
      { ownerReferences: [], annotations: mark, deletionTimestamp: at(-1) },
      { kind: 'wait' },
    ],
    ['rejects a Secret that belongs to nothing', { ownerReferences: [] }, { kind: 'reject' }],
    ['adopts a marked Secret', { ownerReferences: [], annotations: mark }, { kind: 'adopt' }],
    ['replaces the Secret of a former AccessKey of the same name', { of: former }, { kind: 'replace' }],
    ['adopts the marked Secret of a former AccessKey', { of: former, annotations: mark }, { kind: 'adopt' }],
    [
      'rejects a marked Secret of a former AccessKey without a valid pair',
      { of: former, annotations: mark, data: { ak: 'x' } },
      { kind: 'reject' },
    ],
  ])('%s', (_, parts, action) => {
    expect(resolved(parts)).toMatchObject(action);
  });

  it('rotates a Secret that the cache did not show', () => {
    const raised = known({ keyPairs: [{ name: 'main', revision: 2 }] });
    expect(resolved({ of: raised }, raised)).toMatchObject({ kind: 'rotate', cause: 'revision' });
  });

  it('reports a conflict with another pair of the AccessKey', () => {
    const both = known({ keyPairs: [pair, { name: 'ci' }] }, { name: 'ci', accessKey: keyPair(2).ak });
    expect(resolved({ of: both, name: 'ann-main', keys: keyPair(2) }, both)).toMatchObject({ kind: 'conflict' });
  });

  it('replaces the Secret of a removed pair', () => {
    const removed = known({ keyPairs: [pair] }, { name: 'ci', accessKey: keyPair(2).ak });
    const parts = { of: removed, name: 'ann-main', keys: keyPair(2), labels: {} };
    expect(resolved(parts, removed)).toMatchObject({ kind: 'replace', secret: { name: 'ann-main' } });
  });
});

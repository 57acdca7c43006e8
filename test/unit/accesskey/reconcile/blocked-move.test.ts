/** A pair that cannot move to another Secret stays where it is and delays nothing else. */
import { describe, expect, it } from 'vitest';
import type { AccessKeyRecord } from '../../../../src/accesskey/model/access-key-record.ts';
import { accessKey, at, keyPair, known, now, pairStatus, rawSecret } from '../../../support/builders.ts';
import { changes, plain, type Reported, reconcileOnce, settle, withStatus } from './reconciles.ts';
import { createSecretsApi, noAnswer, type RawSecret, rejected, type SecretsApi } from './secrets-api.ts';

const moving = { name: 'main', secret: { name: 'new' } };
const stranger = accessKey({ name: 'bob', user: 'bob' });
const former = rawSecret({ name: 'ann-main' });
const ci = pairStatus({ name: 'ci', accessKey: keyPair(2).ak, secretName: 'new' });

interface Block {
  reason: string;
  /** The Secret of the wanted name. */
  content: RawSecret[];
  reject?: Error;
  /** Whether another pair of the AccessKey has the wanted name. */
  isCi?: boolean;
}

const blocks: [string, Block][] = [
  ['another pair has the name', { reason: 'SecretConflict', content: [], isCi: true }],
  ['a foreign Secret has the name', { reason: 'SecretConflict', content: [rawSecret({ of: stranger, name: 'new' })] }],
  ['a quota', { reason: 'SecretFailed', content: [], reject: rejected(403, 'Forbidden') }],
  [
    'a finalizer keeps a managed Secret of that name',
    { reason: 'SecretTerminating', content: [rawSecret({ name: 'new', keys: keyPair(7), deletionTimestamp: at(-5) })] },
  ],
  [
    'a finalizer keeps a Secret without labels',
    {
      reason: 'SecretTerminating',
      content: [rawSecret({ name: 'new', labels: {}, keys: keyPair(7), deletionTimestamp: at(-5) })],
    },
  ],
  [
    'a finalizer keeps a foreign Secret',
    { reason: 'SecretTerminating', content: [rawSecret({ of: stranger, name: 'new', deletionTimestamp: at(-5) })] },
  ],
];

function blocked({ content, reject, isCi }: Block, revision = 1): { api: SecretsApi; subject: AccessKeyRecord } {
  const pair = { ...moving, revision };
  const subject = isCi
    ? known({ keyPairs: [pair, { name: 'ci', secret: { name: 'ann-main' } }] }, {}, ci)
    : known({ keyPairs: [pair] });
  const held = isCi ? [rawSecret({ of: subject, pair: 'ci', name: 'new', keys: keyPair(2) })] : [];
  const api = createSecretsApi(former, ...held, ...content);
  if (reject) api.reject('create new', reject);
  return { api, subject };
}

describe.each(blocks)('a blocked move: %s', (_, block) => {
  it('leaves the pair where it is and reports the reason', async () => {
    const { api, subject } = blocked(block);
    const outcome = await reconcileOnce(api, subject);
    expect(changes(outcome)[0]).toBe(block.reason);
    expect(outcome.pairs[0]).toMatchObject({ secret: { name: 'ann-main', pair: { ak: keyPair().ak } } });
    expect(api.get('ann-main')).toEqual(former);
    expect(outcome.removed).toEqual([]);
    expect(withStatus(subject, outcome).status.keyPairs?.[0]).toMatchObject({
      state: 'Active',
      accessKey: keyPair().ak,
      secretName: 'ann-main',
    });
  });

  it('does not delay a rotation, which happens once and is reported', async () => {
    const { api, subject } = blocked(block, 2);
    const outcome = await reconcileOnce(api, subject);
    const { ak } = plain(api.get('ann-main'));
    expect(ak).not.toBe(keyPair().ak);
    expect(outcome.changed.map(({ change, cause }) => ({ change, cause }))).toContainEqual({
      change: 'rotated',
      cause: 'revision',
    });
    expect(changes(outcome)[0]).toBe(block.reason);
    const after = withStatus(subject, outcome);
    expect(after.status.keyPairs?.[0]).toMatchObject({ accessKey: ak, secretName: 'ann-main', revision: 2 });
    await reconcileOnce(api, after);
    expect(plain(api.get('ann-main')).ak).toBe(ak);
  });
});

describe('a rotation with a move', () => {
  const subject = known({ keyPairs: [{ ...moving, revision: 2, rotation: { overlap: '1h' } }] });

  it('moves the new pair with the previous one', async () => {
    const api = createSecretsApi(former);
    const outcome = await reconcileOnce(api, subject);
    expect(outcome.changed.map(({ change }) => change)).toEqual(['rotated', 'moved']);
    const { accessKey: after } = await settle(api, withStatus(subject, outcome));
    expect(api.all().map(({ metadata }) => metadata.name)).toEqual(['new']);
    expect(plain(api.get('new'), 'previous-ak', 'previous-sk')).toEqual(keyPair());
    expect(after.status.keyPairs).toMatchObject([{ secretName: 'new', revision: 2, state: 'Rotating' }]);
  });

  it('reports the rotation even if the reconcile fails later', async () => {
    const api = createSecretsApi(former);
    api.reject('create new', noAnswer);
    const reported: Reported = { changed: [], removed: [] };
    await expect(reconcileOnce(api, subject, now, reported)).rejects.toBe(noAnswer);
    expect(reported.changed.map(({ change }) => change)).toEqual(['rotated']);
  });

  it('names the Secret that could not be rotated', async () => {
    const api = createSecretsApi({ ...former, immutable: true });
    api.reject('patch ann-main', rejected(422, 'Invalid'));
    const outcome = await reconcileOnce(api, subject);
    expect(outcome.pairs).toMatchObject([{ secret: { name: 'ann-main', pair: { ak: keyPair().ak } } }]);
    expect(outcome.pairs[0]?.problem?.message).toMatch(/^cannot read or write Secret ann-main: .*immutable/);
  });
});

describe('a pair whose move failed', () => {
  it('is found by the Secret name in the status, even if its Secret lost the labels', async () => {
    const subject = known({ keyPairs: [moving] });
    const api = createSecretsApi(rawSecret({ name: 'ann-main', labels: {} }));
    api.reject('create new', rejected(403, 'Forbidden'));
    const failed = await reconcileOnce(api, subject);
    const after = withStatus(subject, failed);
    expect(after.status.keyPairs).toMatchObject([{ secretName: 'ann-main', accessKey: keyPair().ak }]);
    api.allow('create new');
    await settle(api, after);
    expect(plain(api.get('new'))).toEqual(keyPair());
  });
});

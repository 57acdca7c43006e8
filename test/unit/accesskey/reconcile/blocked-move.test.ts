/** A pair that is to move to another Secret and cannot: it stays where it is, and nothing else waits for it. */
import { describe, expect, it } from 'vitest';
import type { AccessKeyRecord } from '../../../../src/accesskey/model/access-key-record.ts';
import { accessKey, at, keyPair, known, now, pairStatus, rawSecret } from '../../../support/builders.ts';
import { changes, pass, plain, settle, type Told, withStatus } from './passes.ts';
import { createSecretsApi, noAnswer, type RawSecret, refused, type SecretsApi } from './secrets-api.ts';

const moving = { name: 'main', secret: { name: 'new' } };
const stranger = accessKey({ name: 'bob', user: 'bob' });
const former = rawSecret({ name: 'ann-main' });
const ci = pairStatus({ name: 'ci', accessKey: keyPair(2).ak, secretName: 'new' });

interface Block {
  reason: string;
  /** What has the wanted name. */
  content: RawSecret[];
  refuse?: Error;
  /** Another pair of the AccessKey, which has the wanted name. */
  isCi?: boolean;
}

const blocks: [string, Block][] = [
  ['another pair has the name', { reason: 'SecretConflict', content: [], isCi: true }],
  [
    'somebody else’s Secret has the name',
    { reason: 'SecretConflict', content: [rawSecret({ of: stranger, name: 'new' })] },
  ],
  ['a quota', { reason: 'SecretFailed', content: [], refuse: refused(403, 'Forbidden') }],
  [
    'a finalizer holds a Secret of ours of that name',
    { reason: 'SecretTerminating', content: [rawSecret({ name: 'new', keys: keyPair(7), deletionTimestamp: at(-5) })] },
  ],
  [
    'a finalizer holds one that has lost its labels',
    {
      reason: 'SecretTerminating',
      content: [rawSecret({ name: 'new', labels: {}, keys: keyPair(7), deletionTimestamp: at(-5) })],
    },
  ],
  [
    'a finalizer holds somebody else’s Secret',
    { reason: 'SecretTerminating', content: [rawSecret({ of: stranger, name: 'new', deletionTimestamp: at(-5) })] },
  ],
];

function blocked({ content, refuse, isCi }: Block, revision = 1): { api: SecretsApi; subject: AccessKeyRecord } {
  const pair = { ...moving, revision };
  const subject = isCi
    ? known({ keyPairs: [pair, { name: 'ci', secret: { name: 'ann-main' } }] }, {}, ci)
    : known({ keyPairs: [pair] });
  const held = isCi ? [rawSecret({ of: subject, pair: 'ci', name: 'new', keys: keyPair(2) })] : [];
  const api = createSecretsApi(former, ...held, ...content);
  if (refuse) api.refuse('create new', refuse);
  return { api, subject };
}

describe.each(blocks)('a move that is blocked: %s', (_, block) => {
  it('leaves the pair where it is, and says why', async () => {
    const { api, subject } = blocked(block);
    const outcome = await pass(api, subject);
    expect(changes(outcome)[0]).toBe(block.reason);
    expect(outcome.pairs[0]).toMatchObject({ secret: { name: 'ann-main', pair: { ak: keyPair().ak } } });
    expect(api.get('ann-main')).toEqual(former);
    expect(outcome.removed).toEqual([]);
    expect(withStatus(subject, outcome).status.keyPairs?.[0]).toMatchObject({
      ...{ state: 'Active', accessKey: keyPair().ak, secretName: 'ann-main' },
    });
  });

  it('does not hold up a rotation that is asked for, which is done once and told', async () => {
    const { api, subject } = blocked(block, 2);
    const outcome = await pass(api, subject);
    const { ak } = plain(api.get('ann-main'));
    expect(ak).not.toBe(keyPair().ak);
    expect(outcome.told.map(({ change, cause }) => ({ change, cause }))).toContainEqual({
      change: 'rotated',
      cause: 'revision',
    });
    expect(changes(outcome)[0]).toBe(block.reason);
    const after = withStatus(subject, outcome);
    expect(after.status.keyPairs?.[0]).toMatchObject({ accessKey: ak, secretName: 'ann-main', revision: 2 });
    await pass(api, after);
    expect(plain(api.get('ann-main')).ak).toBe(ak);
  });
});

describe('a rotation and a move at once', () => {
  const subject = known({ keyPairs: [{ ...moving, revision: 2, rotation: { overlap: '1h' } }] });

  it('move the new pair, with the former one beside it', async () => {
    const api = createSecretsApi(former);
    const outcome = await pass(api, subject);
    expect(outcome.told.map(({ change }) => change)).toEqual(['rotated', 'moved']);
    const { accessKey: after } = await settle(api, withStatus(subject, outcome));
    expect(api.all().map(({ metadata }) => metadata.name)).toEqual(['new']);
    expect(plain(api.get('new'), 'previous-ak', 'previous-sk')).toEqual(keyPair());
    expect(after.status.keyPairs).toMatchObject([{ secretName: 'new', revision: 2, state: 'Rotating' }]);
  });

  it('tell the rotation though the pass breaks off after it', async () => {
    const api = createSecretsApi(former);
    api.refuse('create new', noAnswer);
    const told: Told = { told: [], removed: [] };
    await expect(pass(api, subject, now, told)).rejects.toBe(noAnswer);
    expect(told.told.map(({ change }) => change)).toEqual(['rotated']);
  });

  it('name the Secret that could not be rotated', async () => {
    const api = createSecretsApi({ ...former, immutable: true });
    api.refuse('patch ann-main', refused(422, 'Invalid'));
    const outcome = await pass(api, subject);
    expect(outcome.pairs).toMatchObject([{ secret: { name: 'ann-main', pair: { ak: keyPair().ak } } }]);
    expect(outcome.pairs[0]?.problem?.message).toMatch(/^Secret ann-main could not be written: .*immutable/);
  });
});

describe('a pair that has moved nowhere', () => {
  it('is found later by the name that the status kept, though its Secret has lost the labels', async () => {
    const subject = known({ keyPairs: [moving] });
    const api = createSecretsApi(rawSecret({ name: 'ann-main', labels: {} }));
    api.refuse('create new', refused(403, 'Forbidden'));
    const failed = await pass(api, subject);
    const after = withStatus(subject, failed);
    expect(after.status.keyPairs).toMatchObject([{ secretName: 'ann-main', accessKey: keyPair().ak }]);
    api.allow('create new');
    await settle(api, after);
    expect(plain(api.get('new'))).toEqual(keyPair());
  });
});

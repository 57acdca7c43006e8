import { describe, expect, test } from 'vitest';
import { awaitPair, type ExpectedPair, findDelay } from '../../../../src/web/show-once/await-pair.ts';
import { type AccessKeyParts, accessKey, caches, keyPair, known, pairStatus } from '../../../support/builders.ts';

/** The pair b, which the second change of shop/ann has added. */
const expected: ExpectedPair = {
  ...{ namespace: 'shop', accessKey: 'ann', uid: 'uid-of-shop-ann' },
  ...{ pair: 'b', revision: 1, generation: 2 },
};
const both = [{ name: 'main' }, { name: 'b' }];
const delayIn = (parts?: AccessKeyParts) =>
  findDelay(caches({ accessKeys: parts ? [accessKey(parts)] : [] }), expected);

describe('a pair that the cache does not show yet', () => {
  test('is not reported as deleted before the cache shows the change that requested it', () => {
    expect(delayIn()).toBeUndefined();
    expect(delayIn({ generation: 1 })).toBeUndefined();
    expect(delayIn({ generation: 2, keyPairs: both })).toBeUndefined();
  });

  test('is reported as deleted after that, and if the AccessKey is', () => {
    for (const parts of [{ generation: 2 }, { generation: 3 }, { uid: 'another' }, { generation: 1, deleting: true }])
      expect(delayIn(parts)).toEqual({ kind: 'deleted' });
  });

  test('has the problem that the operator reports', () => {
    const conditions = [
      { type: 'Stalled', status: 'True' as const, message: 'no', reason: 'X', lastTransitionTime: '' },
    ];
    const status = { observedGeneration: 2, conditions };
    expect(delayIn({ generation: 2, keyPairs: both, status })).toEqual({ kind: 'stalled', message: 'no' });
  });
});

test('a deleted pair with the same name in an outdated cache is not the expected one', async () => {
  const [former, latter] = [keyPair(2).ak, keyPair(3).ak];
  const recordOf = (generation: number, ak: string) =>
    known({ generation, keyPairs: both }, {}, pairStatus({ name: 'b', accessKey: ak }));
  const content = caches({ accessKeys: [recordOf(1, former)] });
  const found = awaitPair(content, expected, 60_000);
  content.accessKeys.upsert({ ...recordOf(2, latter), resourceVersion: '11' });
  expect(await found).toMatchObject({ ak: latter, secretName: 'ann-b' });
});

import { describe, expect, it } from 'vitest';
import { createPairLookup } from '../../../../src/accesskey/live/pair-lookup.ts';
import { awaitCreated, awaitDeleted } from '../../../../src/http/access-tokens/wait-for-pair.ts';
import { accessKey, at, caches, keyPair, known, now, pairStatus, secret } from '../../../support/builders.ts';

const keyPairs = [{ name: 'ci', expiresAt: at(60) }];
const former = known({ keyPairs }, { name: 'ci', accessKey: keyPair(1).ak });
const requested = accessKey({ keyPairs, generation: 3 });
const created = known({ keyPairs, generation: 3 }, { name: 'ci', accessKey: keyPair(2).ak });
const target = { key: former.key, uid: former.uid, generation: 3, pairName: 'ci' };
const newSecret = secret({ of: created, keys: keyPair(2) });

/** Waits in caches that show the former key pair with the same name. */
function waiting(timeoutMs = 10_000) {
  const content = caches({ accessKeys: [former], secrets: [secret({ of: former, keys: keyPair(1) })] });
  const options = { caches: content, pairs: createPairLookup(content), now: () => now };
  return { content, promise: awaitCreated(options, target, timeoutMs) };
}

describe('awaitCreated', () => {
  it('waits for both the status and the Secret, in any order', async () => {
    for (const order of ['status first', 'Secret first']) {
      const { content, promise } = waiting();
      content.accessKeys.upsert(requested);
      const steps = [() => content.accessKeys.upsert(created), () => content.secrets.upsert(newSecret)];
      for (const step of order === 'status first' ? steps : steps.toReversed()) step();
      expect(await promise).toMatchObject({ ak: keyPair(2).ak, pairName: 'ci' });
    }
  });

  it('never returns a former key pair with the same name', async () => {
    expect(await waiting(1).promise).toBeUndefined();
  });

  it.each([
    ['the AccessKey is deleted', undefined],
    ['the AccessKey is recreated', known({ uid: 'another', keyPairs, generation: 3 }, { name: 'ci' })],
    [
      'the name of the Secret is taken',
      known({ keyPairs, generation: 3 }, pairStatus({ name: 'ci', state: 'Conflict' })),
    ],
  ])('ends without a key pair if %s', async (_, record) => {
    const { content, promise } = waiting();
    if (record) content.accessKeys.upsert(record);
    else content.accessKeys.remove(former.key);
    expect(await promise).toBeUndefined();
  });
});

describe('awaitDeleted', () => {
  it('waits until the status no longer has the key pair', async () => {
    const content = caches({ accessKeys: [former] });
    let isDeleted = false;
    const promise = awaitDeleted(content, target, 10_000).then(() => {
      isDeleted = true;
    });
    content.accessKeys.upsert(known({ keyPairs: [], generation: 3 }, { name: 'ci' }));
    await Promise.resolve();
    expect(isDeleted).toBe(false);
    content.accessKeys.upsert(accessKey({ keyPairs: [], generation: 3 }));
    await promise;
  });

  it('ends after the timeout', async () => {
    await awaitDeleted(caches({ accessKeys: [former] }), target, 1);
  });
});

import { describe, expect, it } from 'vitest';
import type { KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import type { Cluster } from '../../../../src/cli/common/cluster.ts';
import { readAllowedPair } from '../../../../src/cli/credential/read-allowed-pair.ts';
import { accessKey, at, keyPair, now, rawSecret } from '../../../support/builders.ts';
import { testContext } from '../support.ts';

function read(reference: string, keyPairs: KeyPairSpec[], suspended = false) {
  const of = accessKey({ name: 'ann', keyPairs, suspended });
  const { spec, namespace, name, uid, generation, resourceVersion } = of;
  const object = { metadata: { namespace, name, uid, generation, resourceVersion }, spec };
  const client = { get: async (path: { plural: string }) => (path.plural === 'secrets' ? rawSecret({ of }) : object) };
  const cluster = { client, namespace, close: async () => undefined } as unknown as Cluster;
  return readAllowedPair(testContext({ cluster, now }), {}, reference);
}

describe('readAllowedPair', () => {
  it('reads the only key pair, and when its tokens were revoked', async () => {
    expect(await read('ann', [{ name: 'main' }])).toEqual({ pair: keyPair(), tokensNotBefore: undefined });
    const revoked = await read('ann/main', [{ name: 'main', tokensNotBefore: at(-60) }]);
    expect(revoked).toEqual({ pair: keyPair(), tokensNotBefore: now - 60_000 });
  });

  it.each(['', 'a/b/c', 'ann/', 'Ann'])('sends no request for %j, which names no key pair', async (reference) => {
    await expect(readAllowedPair(testContext(), {}, reference)).rejects.toThrow(/^invalid (name|key pair) "/);
  });

  it('reads the name as -o name prints it', async () => {
    expect(await read('accesskey.ghippo.io/ann', [{ name: 'main' }])).toMatchObject({ pair: keyPair() });
  });

  it('rejects a reference that means no key pair, as other commands do', async () => {
    const several = 'AccessKey "ann" does not have exactly one key pair: it has a and b';
    await expect(read('ann', [{ name: 'a' }, { name: 'b' }])).rejects.toThrow(several);
    await expect(read('ann/c', [{ name: 'a' }])).rejects.toThrow('key pair "c" of AccessKey "ann" not found: it has a');
  });

  it.each<[string, KeyPairSpec[], boolean, RegExp, RegExp | undefined]>([
    [
      'ann',
      [{ name: 'a', enabled: false }],
      false,
      /^the key pair ann\/a is disabled$/,
      /accesskey enable ann\/a -n shop/,
    ],
    ['ann', [{ name: 'a', expiresAt: at(-1) }], false, /^the key pair ann\/a expired at /, /create another one/],
    ['ann', [{ name: 'a' }], true, /^the AccessKey shop\/ann is suspended$/, undefined],
  ])('rejects %s of %j', async (reference, keyPairs, suspended, message, hint) => {
    await expect(read(reference, keyPairs, suspended)).rejects.toMatchObject({
      name: 'TokenError',
      message: expect.stringMatching(message),
      hint: hint && expect.stringMatching(hint),
    });
  });
});

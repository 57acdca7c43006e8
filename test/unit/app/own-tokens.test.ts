import { UnsecuredJWT } from 'jose';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createLiveServiceAccounts } from '../../../src/accesskey/live/live-users.ts';
import { createPairLookup } from '../../../src/accesskey/live/pair-lookup.ts';
import type { KeyPairSpec } from '../../../src/accesskey/model/access-key-record.ts';
import { createOwnTokenCheck } from '../../../src/app/own-tokens.ts';
import type { Dependencies } from '../../../src/http/common/dependencies.ts';
import { signToken } from '../../../src/token/sign.ts';
import { accessKey, at, caches, claimsOf, foundPair, keyPair, now, secret } from '../../support/builders.ts';
import { signingKeys } from '../http/support.ts';

const address = '192.0.2.1';
const user = { name: 'ann', groups: ['dev'] };

/** A review by a cluster that accepts every token. @returns the tokens that it reviewed */
async function createCheck(pair: Partial<KeyPairSpec> = {}, change: Partial<Dependencies> = {}) {
  const of = accessKey({ groups: ['dev', 'ops'], keyPairs: [{ name: 'main', ...pair }] });
  const content = caches({ accessKeys: [of], secrets: [secret({ of })] });
  const keys = await signingKeys();
  const reviewed: string[] = [];
  const dependencies = {
    pairs: createPairLookup(content),
    serviceAccounts: createLiveServiceAccounts(content),
    signingKeys: () => keys,
    token: { issuer: 'ghippo.io', defaultCycle: 3, maxCycle: 30 },
    log: pino({ enabled: false }),
    now: () => now,
    ...change,
  } as Dependencies;
  const check = createOwnTokenCheck(async (token) => {
    reviewed.push(token);
    return user;
  }, dependencies);
  return { check, reviewed };
}

const ownToken = async () => signToken(claimsOf(foundPair(), 3, { issuer: 'ghippo.io' }, now), await signingKeys());

describe('a token of this operator', () => {
  it('is reviewed by the cluster while its key pair is live', async () => {
    const { check, reviewed } = await createCheck();
    const token = await ownToken();
    expect(await check(token, address)).toEqual(user);
    expect(reviewed).toEqual([token]);
  });

  it.each([
    [address, user],
    ['198.51.100.1', undefined],
    ['unknown', undefined],
  ])('is accepted from %s only if its key pair allows the address', async (from, expected) => {
    const { check } = await createCheck({ allowedCIDRs: ['192.0.2.0/24'] });
    expect(await check(await ownToken(), from)).toEqual(expected);
  });

  it.each<[string, Partial<KeyPairSpec>]>([
    ['was disabled', { enabled: false }],
    ['has revoked it', { tokensNotBefore: at(1) }],
  ])('is rejected without a review if its key pair %s', async (_, pair) => {
    const { check, reviewed } = await createCheck(pair);
    expect(await check(await ownToken(), address)).toBeUndefined();
    expect(reviewed).toEqual([]);
  });

  it('is not reviewed until the signing keys are loaded', async () => {
    const { check } = await createCheck({}, { signingKeys: () => undefined });
    await expect(check(await ownToken(), address)).rejects.toMatchObject({ status: 503 });
  });
});

it.each([
  ['of another issuer', new UnsecuredJWT({ iss: 'https://kubernetes.default.svc', sub: keyPair().ak }).encode()],
  ['that is not a JWT', 'opaque'],
])('leaves a token %s to the cluster', async (_, token) => {
  const { check, reviewed } = await createCheck({ enabled: false });
  expect(await check(token, address)).toEqual(user);
  expect(reviewed).toEqual([token]);
});

/** Verifies tokens of the operator and rejects forged ones. */
import { createHmac } from 'node:crypto';
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT, UnsecuredJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { createLiveServiceAccounts } from '../../../src/accesskey/live/live-users.ts';
import { createPairLookup, type PairLookup } from '../../../src/accesskey/live/pair-lookup.ts';
import type { ClaimsOptions, TokenClaims } from '../../../src/token/claims.ts';
import { type Algorithm, algorithms } from '../../../src/token/keys/facts.ts';
import { formatKeys, parseKeys } from '../../../src/token/keys/format.ts';
import {
  generateSigningKeys,
  parseSigningKeys,
  type SigningKeys,
  type VerificationKey,
} from '../../../src/token/keys/signing-keys.ts';
import { signToken } from '../../../src/token/sign.ts';
import { AddressError, verifyToken } from '../../../src/token/verify.ts';
import { TokenError } from '../../../src/token/verify-signature.ts';
import { accessKey, at, caches, claimsOf, keyPair, keyPolicy, known, now, secret } from '../../support/builders.ts';

const ann = accessKey({ groups: ['dev', 'ops'] });
const options: ClaimsOptions = { issuer: 'ghippo.io' };
const withAudience = { issuer: 'ghippo.io', audience: 'kpanda' };
const annsPairs = pairsOf(ann);
const notLive = 'the key pair of the token is not live';

let keysText: string;
let keys: SigningKeys;
/** Keys of another issuer. */
let foreign: SigningKeys;
let publicJwk: JWK;

beforeAll(async () => {
  keysText = await generateSigningKeys(new Date(now), keyPolicy);
  [keys, foreign] = await Promise.all([parseSigningKeys(keysText), generate()]);
  publicJwk = keys.jwks.keys[0] ?? {};
});

/** A set with an active EdDSA key, a next ES256 key and the retired key of `keys`. */
async function mixed(): Promise<SigningKeys> {
  const make = (algorithm: Algorithm) => generateSigningKeys(new Date(now), { ...keyPolicy, algorithm });
  const [edDSA, es256] = await Promise.all([make('EdDSA'), make('ES256')]);
  const [active] = parseKeys(edDSA);
  const [next] = parseKeys(es256);
  const [retired] = parseKeys(keysText);
  if (!active || !next || !retired) throw new Error('no keys');
  const retirement = { state: 'retired', retiredAt: now, verifyUntil: now + 1 } as const;
  return parseSigningKeys(formatKeys([active, { ...next, state: 'next' }, { ...retired, ...retirement }]));
}

async function generate(): Promise<SigningKeys> {
  return parseSigningKeys(await generateSigningKeys(new Date(now), keyPolicy));
}

/** No AccessKey names a ServiceAccount. */
const noServiceAccounts = createLiveServiceAccounts(caches({}));

function pairsOf(...accessKeys: ReturnType<typeof accessKey>[]): PairLookup {
  return createPairLookup(caches({ accessKeys, secrets: accessKeys.map((of) => secret({ of })) }));
}

/** The claims of a valid token of ann. */
function claims(change: Record<string, unknown> = {}): TokenClaims {
  const [pair] = annsPairs.find(keyPair().ak, now);
  if (!pair) throw new Error('ann has no pair');
  return { ...claimsOf(pair, 3, options, now), ...change } as TokenClaims;
}

function sign(payload: object, header: object = {}, signer = keys): Promise<string> {
  const protectedHeader = { alg: 'RS256', kid: signer.active.kid, typ: 'JWT', ...header };
  return new SignJWT({ ...payload }).setProtectedHeader(protectedHeader).sign(signer.active.key);
}

function verify(
  token: string,
  {
    signingKeys = keys,
    expected = options,
    pairs = annsPairs,
    time = now,
    address = '192.0.2.1' as string | undefined,
    acceptListed = false,
  } = {},
) {
  return verifyToken(token, {
    keys: signingKeys,
    expected,
    pairs,
    serviceAccounts: noServiceAccounts,
    address,
    acceptListed,
    now: time,
  });
}

/** Expects a TokenError, with this message for the log. */
async function rejects(token: string | Promise<string>, message?: string, how = {}): Promise<void> {
  const error: unknown = await verify(await token, how).then(
    (caller) => `accepted as ${caller.name}`,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TokenError);
  if (message !== undefined) expect((error as Error).message).toBe(message);
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** Sets a bit that decoders ignore: the last character of 256 bytes has four of them. */
const withStrayBit = (character: string) => alphabet[alphabet.indexOf(character) + 1] ?? '';
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('verifyToken', () => {
  it('returns the caller', async () => {
    const caller = await verify(await signToken(claims(), keys));
    expect(caller).toStrictEqual({
      id: ann.uid,
      name: 'ann',
      groups: ['dev', 'ops'],
      pairName: 'main',
      clientId: keyPair().ak,
      issuedAt: now / 1000,
      expiresAt: now / 1000 + 3 * 86_400,
    });
  });

  it('verifies the audience if one is configured', async () => {
    const token = await signToken({ ...claims(), aud: 'kpanda' }, keys);
    await expect(verify(token, { expected: withAudience })).resolves.toHaveProperty('name', 'ann');
  });
});

describe('a forged token', () => {
  it('is rejected with alg none', async () => {
    await rejects(new UnsecuredJWT({ ...claims() }).encode());
    const [, payload] = (await sign(claims())).split('.');
    for (const alg of ['none', 'None', 'NONE', '']) await rejects(`${encode({ alg, typ: 'JWT' })}.${payload}.`);
  });

  it('is rejected if signed with HS256 and the public key as the secret', async () => {
    const { n = '' } = publicJwk;
    const key = await crypto.subtle.importKey(
      'jwk',
      { ...publicJwk },
      { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
      true,
      ['verify'],
    );
    const spki = Buffer.from(await crypto.subtle.exportKey('spki', key));
    const pem = `-----BEGIN PUBLIC KEY-----\n${spki.toString('base64')}\n-----END PUBLIC KEY-----\n`;
    const input = `${encode({ alg: 'HS256', kid: publicJwk.kid, typ: 'JWT' })}.${encode(claims())}`;
    for (const material of [spki, pem, n, Buffer.from(n, 'base64url'), JSON.stringify(publicJwk), '']) {
      const signature = createHmac('sha256', material).update(input).digest('base64url');
      await rejects(`${input}.${signature}`, 'ERR_JOSE_ALG_NOT_ALLOWED');
    }
  });

  it('is rejected if signed with a foreign key, with its own kid or a known one', async () => {
    await rejects(sign(claims(), {}, foreign), 'ERR_JWKS_NO_MATCHING_KEY');
    await rejects(sign(claims(), { kid: publicJwk.kid }, foreign), 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED');
  });

  it('is rejected if its header contains or references the key', async () => {
    const [jwk] = foreign.jwks.keys;
    await rejects(sign(claims(), { jwk, kid: publicJwk.kid }, foreign));
    await rejects(sign(claims(), { jku: 'https://evil.example.com/jwks.json' }, foreign));
  });

  it('is rejected with another RSA algorithm', async () => {
    const { privateKey } = await generateKeyPair('RS512', { extractable: true });
    const key = await importJWK({ ...(await exportJWK(privateKey)), alg: 'RS512' }, 'RS512');
    const header = { alg: 'RS512', kid: publicJwk.kid ?? '', typ: 'JWT' };
    const token = new SignJWT({ ...claims() }).setProtectedHeader(header).sign(key);
    await rejects(token, 'ERR_JOSE_ALG_NOT_ALLOWED');
  });

  it('is rejected without a kid', async () => {
    await rejects(sign(claims(), { kid: undefined }), 'ERR_JWKS_NO_MATCHING_KEY');
    await rejects(sign(claims(), { kid: '' }), 'ERR_JWKS_NO_MATCHING_KEY');
  });

  it('is rejected if a claim was changed', async () => {
    const [header, , signature] = (await sign(claims())).split('.');
    await rejects(`${header}.${encode(claims({ preferred_username: 'root' }))}.${signature}`);
  });

  it.each([
    ['an empty token', () => ''],
    ['dots', () => '..'],
    ['two parts', (token: string) => token.slice(0, token.lastIndexOf('.'))],
    ['four parts', (token: string) => `${token}.x`],
    ['no signature', (token: string) => token.slice(0, token.lastIndexOf('.') + 1)],
    ['a truncated signature', (token: string) => token.slice(0, -4)],
    ['padding', (token: string) => `${token}==`],
    ['padding in the header', (token: string) => token.replace('.', '=.')],
    ['stray bits at the end', (token: string) => token.slice(0, -1) + withStrayBit(token.at(-1) ?? '')],
    ['a character that is not base64url', (token: string) => `${token.slice(0, -9)} ${token.slice(-9)}`],
    ['a header that is not JSON', (token: string) => `x${token}`],
    ['a header that is a list', (token: string) => `${encode([])}${token.slice(token.indexOf('.'))}`],
    ['a leading space', (token: string) => ` ${token}`],
    ['characters that are not base64url', (token: string) => token.replaceAll('.', '.%')],
  ])('is rejected: %s', async (_, change) => {
    await rejects(change(await sign(claims())));
  });

  it('is rejected with an unknown critical header extension', async () => {
    const [, payload, signature] = (await sign(claims())).split('.');
    const header = { alg: 'RS256', kid: publicJwk.kid, typ: 'JWT', crit: ['x'], x: 1 };
    await rejects(`${encode(header)}.${payload}.${signature}`, 'ERR_JOSE_NOT_SUPPORTED');
  });
});

describe('verifyToken, with keys of several algorithms', () => {
  let several: SigningKeys;
  beforeAll(async () => {
    several = await mixed();
  });
  const verifyBy = (token: string) => verify(token, { signingKeys: several });

  it('accepts tokens of the active key and of the retired key', async () => {
    for (const token of [await signToken(claims(), several), await signToken(claims(), keys)]) {
      await expect(verifyBy(token)).resolves.toHaveProperty('name', 'ann');
    }
  });

  it('uses a key only for its own algorithm, whatever the header contains', async () => {
    const { active, jwks } = several;
    const ownAlgorithm = new Map(jwks.keys.map(({ kid, alg }) => [kid, alg]));
    const [, payload, signature] = (await signToken(claims(), several)).split('.');
    for (const kid of ownAlgorithm.keys()) {
      for (const alg of algorithms) {
        if (kid === active.kid && alg === active.algorithm) continue;
        const token = `${encode({ alg, kid, typ: 'JWT' })}.${payload}.${signature}`;
        const code =
          ownAlgorithm.get(kid) === alg ? 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' : 'ERR_JWKS_NO_MATCHING_KEY';
        await expect(verifyBy(token)).rejects.toThrow(new TokenError(code));
      }
    }
  });
});

describe('with the profile of RFC 9068', () => {
  const expected = { ...withAudience, type: 'at+jwt' as const };
  const valid = (header: object) => sign(claims({ aud: 'kpanda', jti: 'x' }), header);

  it.each(['at+jwt', 'JWT'])('accepts typ %s', async (typ) => {
    await expect(verify(await valid({ typ }), { expected })).resolves.toHaveProperty('name', 'ann');
  });

  it.each(['AT+JWT', 'application/at+jwt', 'dpop+jwt', 'JOSE', '', undefined, 7])('rejects typ %j', async (typ) => {
    await rejects(valid({ typ }), 'ERR_JWT_CLAIM_VALIDATION_FAILED', { expected });
  });

  it.each(['x.e30.e30', `${encode([])}.e30.e30`, `${encode('at+jwt')}.e30.e30`, '..'])('rejects %j', async (token) => {
    await rejects(token, undefined, { expected });
  });

  it('is not accepted if it is not configured', async () => {
    await rejects(valid({ typ: 'at+jwt' }), 'ERR_JWT_CLAIM_VALIDATION_FAILED', { expected: withAudience });
  });
});

describe('a token signed with a known key', () => {
  it.each(['at+jwt', 'JOSE', ''])('is rejected with typ %j', async (typ) => {
    await rejects(sign(claims(), { typ }), 'ERR_JWT_CLAIM_VALIDATION_FAILED');
  });

  it('is valid until exp', async () => {
    const token = await sign(claims());
    const exp = claims().exp * 1000;
    await expect(verify(token, { time: exp - 1 })).resolves.toHaveProperty('name', 'ann');
    await rejects(token, 'ERR_JWT_EXPIRED', { time: exp });
    await rejects(token, 'ERR_JWT_EXPIRED', { time: exp + 86_400_000 });
  });

  it('is accepted if the issuing clock is up to 30 seconds ahead', async () => {
    const iat = claims().iat;
    await expect(verify(await sign(claims({ iat: iat + 30 })))).resolves.toHaveProperty('name', 'ann');
    await rejects(sign(claims({ iat: iat + 31 })), 'iat is in the future');
    await rejects(sign(claims({ nbf: iat + 60 })), 'ERR_JWT_CLAIM_VALIDATION_FAILED');
  });

  it.each([
    ['iss', 'example.com'],
    ['iss', 'ghippo.io/'],
    ['iss', ['ghippo.io', 'example.com']],
    ['iss', undefined],
    ['exp', undefined],
    ['iat', undefined],
    ['sub', undefined],
    ['exp', '9999999999'],
    ['iat', 'now'],
  ])('is rejected with %s %j', async (claim, value) => {
    await rejects(sign(claims({ [claim]: value })), 'ERR_JWT_CLAIM_VALIDATION_FAILED');
  });

  it.each([
    ['preferred_username', undefined],
    ['preferred_username', ''],
    ['groups', undefined],
    ['groups', 'dev'],
    ['groups', [1]],
    ['client_id', undefined],
    ['client_id', ''],
    ['client_id', 7],
    ['sub', ''],
  ])('is rejected with %s %j', async (claim, value) => {
    await rejects(sign(claims({ [claim]: value })), 'a claim is missing or has the wrong type');
  });

  it.each([
    ['nothing', undefined],
    ['another audience', 'other'],
    ['an empty audience', ''],
    ['other audiences', ['other', 'kpanda2']],
  ])('is rejected with %s as aud if an audience is configured', async (_, aud) => {
    await rejects(sign(claims({ aud })), 'ERR_JWT_CLAIM_VALIDATION_FAILED', { expected: withAudience });
  });

  describe.each([[undefined], ['kpanda']])('with the configured audience %s', (audience) => {
    const expected = { issuer: 'ghippo.io', audience };
    const pairs = pairsOf({ ...ann, spec: { ...ann.spec, audiences: ['shop'] } });
    const withAud = (aud: unknown) => sign(claims({ aud }));

    it('is accepted with a listed audience only if listed audiences are accepted', async () => {
      const token = await withAud('shop');
      await rejects(token, undefined, { expected, pairs });
      await expect(verify(token, { expected, pairs, acceptListed: true })).resolves.toHaveProperty('audience', 'shop');
      await rejects(token, undefined, { expected, pairs });
    });

    it.each([['other'], [''], [['shop']], [['shop', 'other']], [{}], [7]])(
      'is rejected with the audience %j that is not listed',
      async (aud) => {
        await rejects(withAud(aud), undefined, { expected, pairs });
        await rejects(withAud(aud), undefined, { expected, pairs, acceptListed: true });
      },
    );

    it('is accepted with the configured audience in both cases', async () => {
      const token = await withAud(audience);
      for (const acceptListed of [false, true])
        await expect(verify(token, { expected, pairs, acceptListed })).resolves.toHaveProperty('name', 'ann');
    });

    it('is rejected once the AccessKey no longer lists its audience', async () => {
      await rejects(withAud('shop'), undefined, { expected, acceptListed: true });
    });
  });

  it('is rejected after the configured issuer changed', async () => {
    const expected = { issuer: 'https://iam.example.com' };
    await rejects(sign(claims()), 'ERR_JWT_CLAIM_VALIDATION_FAILED', { expected });
  });
});

describe('a token of a key pair', () => {
  const pair = (change: object) => accessKey({ groups: ['dev', 'ops'], keyPairs: [{ name: 'main', ...change }] });

  it.each([
    ['was deleted', pairsOf()],
    ['is disabled', pairsOf(pair({ enabled: false }))],
    ['is suspended', pairsOf(accessKey({ groups: ['dev', 'ops'], suspended: true }))],
    ['has expired', pairsOf(pair({ expiresAt: at(0) }))],
    [
      'lost its user to an older AccessKey',
      pairsOf(ann, accessKey({ name: 'older', user: 'ann', creationTimestamp: at(-7200) })),
    ],
    ['belongs to an AccessKey that is being deleted', pairsOf(accessKey({ deleting: true }))],
    ['belongs to a recreated AccessKey', pairsOf(accessKey({ uid: 'successor' }))],
    ['was regenerated', createPairLookup(caches({ accessKeys: [ann], secrets: [secret({ keys: keyPair(2) })] }))],
  ])('is rejected if the pair %s', async (_, pairs) => {
    await rejects(sign(claims()), notLive, { pairs });
  });

  it.each([
    ['sub', 'uid-of-bob'],
    ['preferred_username', 'bob'],
    ['client_id', keyPair(2).ak],
  ])('is rejected with another %s', async (claim, value) => {
    await rejects(sign(claims({ [claim]: value })), notLive);
  });

  it.each([
    ['in the second of its issue', at(0), true],
    ['a millisecond after the start of that second', '2026-01-01T00:00:00.001Z', false],
    ['in the next second', at(1), false],
    ['in the past', at(-1), true],
    ['at no valid time', 'never', false],
  ])('issued by a pair with tokensNotBefore %s (%s) is accepted: %s', async (_, tokensNotBefore, isAccepted) => {
    const pairs = pairsOf(pair({ tokensNotBefore }));
    const token = await sign(claims());
    if (isAccepted) await expect(verify(token, { pairs })).resolves.toHaveProperty('name', 'ann');
    else await rejects(token, 'the token was issued before tokensNotBefore', { pairs });
  });

  it.each([
    ['192.0.2.1', true],
    ['198.51.100.1', false],
    ['unknown', false],
    [undefined, true],
  ])('of a pair with allowedCIDRs 192.0.2.0/24 is accepted from %s: %s', async (address, isAccepted) => {
    const pairs = pairsOf(pair({ allowedCIDRs: ['192.0.2.0/24'] }));
    const verified = verify(await sign(claims()), { pairs, address });
    if (isAccepted) await expect(verified).resolves.toHaveProperty('name', 'ann');
    else await expect(verified).rejects.toThrow(AddressError);
  });

  it('is accepted although another Secret is a copy', async () => {
    const bob = accessKey({ name: 'bob', user: 'bob', creationTimestamp: at(-7200) });
    const secrets = [secret({ of: bob, createdAt: at(-7000) }), secret({ of: ann })];
    const pairs = createPairLookup(caches({ accessKeys: [bob, ann], secrets }));
    expect(pairs.find(keyPair().ak, now).map((one) => one.user.name)).toEqual(['bob', 'ann']);
    await expect(verify(await sign(claims()), { pairs })).resolves.toHaveProperty('id', ann.uid);
  });
});

describe('a token of the previous key pair', () => {
  const overlapping = known({ keyPairs: [{ name: 'main', rotation: { overlap: '1h' } }], groups: ['dev', 'ops'] });
  const facts = { previousValidUntil: now + 60_000 };
  const rotated = secret({ of: overlapping, keys: keyPair(2), previous: keyPair(), facts });
  const pairs = createPairLookup(caches({ accessKeys: [overlapping], secrets: [rotated] }));

  it('is valid until the overlap ends', async () => {
    const token = await sign(claims());
    await expect(verify(token, { pairs, time: now + 59_999 })).resolves.toHaveProperty('pairName', 'main');
    await rejects(token, notLive, { pairs, time: now + 60_000 });
  });
});

describe('the groups', () => {
  it.each([
    [['dev', 'ops'], ['ops'], ['ops']],
    [['dev'], ['dev', 'admins'], ['dev']],
    [['dev', 'ops'], [], []],
    [[], ['dev'], []],
  ])('of the token are %j, of the user %j: returns %j', async (ofToken, ofUser, groups) => {
    const pairs = pairsOf(accessKey({ groups: ofUser }));
    await expect(verify(await sign(claims({ groups: ofToken })), { pairs })).resolves.toHaveProperty('groups', groups);
  });
});

describe('a token of a ServiceAccount', () => {
  const robot = 'system:serviceaccount:shop:robot';
  const naming = (change: object = {}) => accessKey({ groups: ['dev', 'ops'], serviceAccounts: ['robot'], ...change });
  const ask = async (accessKeys: ReturnType<typeof accessKey>[], change: Record<string, unknown> = {}) => {
    const content = caches({ accessKeys });
    const token = await sign(claims({ client_id: robot, ...change }));
    return verifyToken(token, {
      keys,
      expected: options,
      pairs: createPairLookup(content),
      serviceAccounts: createLiveServiceAccounts(content),
      address: '192.0.2.1',
      now,
    });
  };
  const notNamed = 'no live AccessKey names the ServiceAccount of the token';

  it('is accepted while an AccessKey names the ServiceAccount', async () => {
    const expected = { name: 'ann', pairName: undefined, clientId: robot };
    await expect(ask([naming()])).resolves.toMatchObject(expected);
  });

  it('has only the groups that the user is still in', async () => {
    await expect(ask([naming({ groups: ['ops'] })])).resolves.toHaveProperty('groups', ['ops']);
  });

  it.each([
    ['was deleted', []],
    ['names another', [naming({ serviceAccounts: ['other'] })]],
    ['names no ServiceAccount', [naming({ serviceAccounts: undefined })]],
    ['is suspended', [naming({ suspended: true })]],
    ['was recreated', [naming({ uid: 'successor' })]],
    ['is in another namespace', [naming({ namespace: 'other', uid: 'uid-of-shop-ann' })]],
  ])('is rejected if the AccessKey %s', async (_, accessKeys) => {
    await expect(ask(accessKeys)).rejects.toThrow(notNamed);
  });

  it('is rejected with the user of another AccessKey', async () => {
    await expect(ask([naming()], { sub: 'uid-of-bob' })).rejects.toThrow(notNamed);
    await expect(ask([naming()], { preferred_username: 'bob' })).rejects.toThrow(notNamed);
  });

  it('is rejected if no AccessKey names a ServiceAccount', async () => {
    await rejects(sign(claims({ client_id: robot })), notNamed);
  });
});

it('rejects a token that is too long', async () => {
  await rejects(sign(claims({ x: 'x'.repeat(33_000) })), 'the token is too long');
});

describe('a token that is verified again', () => {
  /** Signing keys that record each lookup of a key. */
  async function recordingKeys(): Promise<{ keys: SigningKeys; lookups: string[] }> {
    const own = await generate();
    const lookups: string[] = [];
    class RecordingMap extends Map<string, VerificationKey> {
      override get(kid: string) {
        lookups.push(kid);
        return super.get(kid);
      }
    }
    return { keys: { ...own, published: new RecordingMap(own.published) }, lookups };
  }
  it('is read from the cache', async () => {
    const { keys: own, lookups } = await recordingKeys();
    const token = await signToken(claims(), own);
    const first = await verify(token, { signingKeys: own });
    await expect(verify(token, { signingKeys: own })).resolves.toEqual(first);
    expect(lookups).toEqual([own.active.kid]);
  });

  it('is not found in the cache with other claims', async () => {
    const { keys: own } = await recordingKeys();
    const token = await signToken(claims(), own);
    await verify(token, { signingKeys: own });
    const [header, , signature] = token.split('.');
    const forged = `${header}.${encode(claims({ preferred_username: 'root' }))}.${signature}`;
    await expect(verify(forged, { signingKeys: own })).rejects.toThrow(TokenError);
  });

  it.each([
    ['it has expired', { time: now + 3 * 86_400_000 }, 'ERR_JWT_EXPIRED'],
    ['its iat is in the future', { time: now - 60_000 }, 'iat is in the future'],
    ['another issuer is expected', { expected: { ...options, issuer: 'x' } }, 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['an audience is expected', { expected: { ...options, audience: 'x' } }, 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['its pair was deleted', { pairs: pairsOf() }, 'the key pair of the token is not live'],
  ])('is rejected if %s', async (_, change, message) => {
    const { keys: own } = await recordingKeys();
    const token = await signToken(claims(), own);
    await verify(token, { signingKeys: own });
    await expect(verify(token, { signingKeys: own, ...change })).rejects.toThrow(new TokenError(message));
  });

  it('is rejected by a key set that no longer contains its key', async () => {
    const token = await signToken(claims(), keys);
    await verify(token);
    await expect(verify(token, { signingKeys: foreign })).rejects.toThrow(new TokenError('ERR_JWKS_NO_MATCHING_KEY'));
  });
});

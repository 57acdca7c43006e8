/** Issuer and verifier together, and what an attacker could send. */
import { createHmac } from 'node:crypto';
import { exportJWK, generateKeyPair, importJWK, type JWK, jwtVerify, SignJWT, UnsecuredJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { createLivePairs, type LivePairs } from '../../../src/accesskey/live/live-pairs.ts';
import { createLiveServiceAccounts } from '../../../src/accesskey/live/live-service-accounts.ts';
import type { ClaimsOptions, TokenClaims } from '../../../src/token/issue.ts';
import { type Algorithm, algorithms, defaultKeyPolicy } from '../../../src/token/keys/facts.ts';
import { formatKeys, parseKeys } from '../../../src/token/keys/format.ts';
import {
  generateSigningKeys,
  parseSigningKeys,
  type SigningKeys,
  type VerificationKey,
} from '../../../src/token/keys/signing-keys.ts';
import { signToken } from '../../../src/token/sign.ts';
import { TokenError, verifyToken } from '../../../src/token/verify.ts';
import { accessKey, at, caches, claimsOf, keyPair, known, now, secret } from '../../support/builders.ts';

const ann = accessKey({ groups: ['dev', 'ops'] });
const options: ClaimsOptions = { issuer: 'ghippo.io' };
const withAudience = { issuer: 'ghippo.io', audience: 'kpanda' };
const annsPairs = pairsOf(ann);
const notLive = 'the key pair of the token is not live';

let keysText: string;
let keys: SigningKeys;
/** Keys of somebody else. */
let foreign: SigningKeys;
let publicJwk: JWK;

beforeAll(async () => {
  keysText = await generateSigningKeys(new Date(now));
  [keys, foreign] = await Promise.all([parseSigningKeys(keysText), generate()]);
  publicJwk = keys.jwks.keys[0] ?? {};
});

/** A set that signs with EdDSA, whose next key is of ES256, and a retired one that of `keys`. */
async function mixed(): Promise<SigningKeys> {
  const make = (algorithm: Algorithm) => generateSigningKeys(new Date(now), { ...defaultKeyPolicy, algorithm });
  const [edDSA, es256] = await Promise.all([make('EdDSA'), make('ES256')]);
  const [active] = parseKeys(edDSA);
  const [next] = parseKeys(es256);
  const [retired] = parseKeys(keysText);
  if (!active || !next || !retired) throw new Error('no keys');
  const retirement = { state: 'retired', retiredAt: now, verifyUntil: now + 1 } as const;
  return parseSigningKeys(formatKeys([active, { ...next, state: 'next' }, { ...retired, ...retirement }]));
}

async function generate(): Promise<SigningKeys> {
  return parseSigningKeys(await generateSigningKeys(new Date(now)));
}

/** No AccessKey names a ServiceAccount. */
const nobody = createLiveServiceAccounts(caches({}));

function pairsOf(...accessKeys: ReturnType<typeof accessKey>[]): LivePairs {
  return createLivePairs(caches({ accessKeys, secrets: accessKeys.map((of) => secret({ of })) }));
}

/** The claims of a sound token of ann. */
function claims(change: Record<string, unknown> = {}): TokenClaims {
  const [pair] = annsPairs.find(keyPair().ak, now);
  if (!pair) throw new Error('ann has no pair');
  return { ...claimsOf(pair, 3, options, now), ...change } as TokenClaims;
}

function sign(payload: object, header: object = {}, signer = keys): Promise<string> {
  const protectedHeader = { alg: 'RS256', kid: signer.active.kid, typ: 'JWT', ...header };
  return new SignJWT({ ...payload }).setProtectedHeader(protectedHeader).sign(signer.active.key);
}

function verify(token: string, { expected = options, pairs = annsPairs, time = now } = {}) {
  return verifyToken(token, keys, expected, pairs, time, nobody);
}

/** Checks that it is refused, and what the log gets to read. */
async function refuses(token: string | Promise<string>, message?: string, how = {}): Promise<void> {
  const error: unknown = await verify(await token, how).then(
    (caller) => `accepted as ${caller.name}`,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TokenError);
  if (message !== undefined) expect((error as Error).message).toBe(message);
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('signToken', () => {
  it('makes a JWT that the published keys verify, with exactly this header and these claims', async () => {
    const token = await signToken(claims(), keys);
    const key = await importJWK(publicJwk, 'RS256');
    const { payload, protectedHeader } = await jwtVerify(token, key, { currentDate: new Date(now) });
    expect(protectedHeader).toStrictEqual({ alg: 'RS256', kid: publicJwk.kid, typ: 'JWT' });
    expect(payload).toStrictEqual(claims());
  });

  it('makes the same token of the same claims', async () => {
    expect(await signToken(claims(), keys)).toBe(await signToken(claims(), keys));
  });
});

describe('verifyToken', () => {
  it('tells who calls', async () => {
    const caller = await verify(await signToken(claims(), keys));
    expect(caller).toStrictEqual({
      ...{ id: ann.uid, name: 'ann', groups: ['dev', 'ops'] },
      ...{ pairName: 'main', clientId: keyPair().ak },
      ...{ issuedAt: now / 1000, expiresAt: now / 1000 + 3 * 86_400 },
    });
  });

  it('checks the audience when one is configured', async () => {
    const token = await signToken({ ...claims(), aud: 'kpanda' }, keys);
    await expect(verify(token, { expected: withAudience })).resolves.toHaveProperty('name', 'ann');
  });
});

describe('a forged token', () => {
  it('is refused with alg none', async () => {
    await refuses(new UnsecuredJWT({ ...claims() }).encode());
    const [, payload] = (await sign(claims())).split('.');
    for (const alg of ['none', 'None', 'NONE', '']) await refuses(`${encode({ alg, typ: 'JWT' })}.${payload}.`);
  });

  it('is refused with the public key as the secret of HS256', async () => {
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
      await refuses(`${input}.${signature}`, 'ERR_JOSE_ALG_NOT_ALLOWED');
    }
  });

  it('is refused when signed by a foreign key, under its own kid or ours', async () => {
    await refuses(sign(claims(), {}, foreign), 'ERR_JWKS_NO_MATCHING_KEY');
    await refuses(sign(claims(), { kid: publicJwk.kid }, foreign), 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED');
  });

  it('is refused when it brings its own key', async () => {
    const [jwk] = foreign.jwks.keys;
    await refuses(sign(claims(), { jwk, kid: publicJwk.kid }, foreign));
    await refuses(sign(claims(), { jku: 'https://evil.example.com/jwks.json' }, foreign));
  });

  it('is refused with another RSA algorithm', async () => {
    const { privateKey } = await generateKeyPair('RS512', { extractable: true });
    const key = await importJWK({ ...(await exportJWK(privateKey)), alg: 'RS512' }, 'RS512');
    const header = { alg: 'RS512', kid: publicJwk.kid ?? '', typ: 'JWT' };
    const token = new SignJWT({ ...claims() }).setProtectedHeader(header).sign(key);
    await refuses(token, 'ERR_JOSE_ALG_NOT_ALLOWED');
  });

  it('is refused without a kid', async () => {
    await refuses(sign(claims(), { kid: undefined }), 'ERR_JWKS_NO_MATCHING_KEY');
    await refuses(sign(claims(), { kid: '' }), 'ERR_JWKS_NO_MATCHING_KEY');
  });

  it('is refused when one claim was changed', async () => {
    const [header, , signature] = (await sign(claims())).split('.');
    await refuses(`${header}.${encode(claims({ preferred_username: 'root' }))}.${signature}`);
  });

  it.each([
    ['nothing', () => ''],
    ['dots', () => '..'],
    ['two parts', (token: string) => token.slice(0, token.lastIndexOf('.'))],
    ['four parts', (token: string) => `${token}.x`],
    ['no signature', (token: string) => token.slice(0, token.lastIndexOf('.') + 1)],
    ['a signature cut off', (token: string) => token.slice(0, -4)],
    ['a header that is no JSON', (token: string) => `x${token}`],
    ['a header that is a list', (token: string) => `${encode([])}${token.slice(token.indexOf('.'))}`],
    ['something in front', (token: string) => ` ${token}`],
    ['characters that are no base64url', (token: string) => token.replaceAll('.', '.%')],
  ])('is refused: %s', async (_, change) => {
    await refuses(change(await sign(claims())));
  });

  it('is refused with a header extension that must be understood', async () => {
    const [, payload, signature] = (await sign(claims())).split('.');
    const header = { alg: 'RS256', kid: publicJwk.kid, typ: 'JWT', crit: ['x'], x: 1 };
    await refuses(`${encode(header)}.${payload}.${signature}`, 'ERR_JOSE_NOT_SUPPORTED');
  });
});

describe('with keys of several algorithms', () => {
  let several: SigningKeys;
  beforeAll(async () => {
    several = await mixed();
  });
  const verifyBy = (token: string) => verifyToken(token, several, options, annsPairs, now, nobody);

  it('a token of the active key and one of the retired key are accepted', async () => {
    for (const token of [await signToken(claims(), several), await signToken(claims(), keys)]) {
      await expect(verifyBy(token)).resolves.toHaveProperty('name', 'ann');
    }
  });

  it('a key verifies its own algorithm only, whatever the header says', async () => {
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

describe('a token of ours', () => {
  it.each(['at+jwt', 'JOSE', ''])('is refused with typ %j', async (typ) => {
    await refuses(sign(claims(), { typ }), 'ERR_JWT_CLAIM_VALIDATION_FAILED');
  });

  it('is good until the second of exp', async () => {
    const token = await sign(claims());
    const exp = claims().exp * 1000;
    await expect(verify(token, { time: exp - 1 })).resolves.toHaveProperty('name', 'ann');
    await refuses(token, 'ERR_JWT_EXPIRED', { time: exp });
    await refuses(token, 'ERR_JWT_EXPIRED', { time: exp + 86_400_000 });
  });

  it('may come from a clock that is a little ahead', async () => {
    const iat = claims().iat;
    await expect(verify(await sign(claims({ iat: iat + 30 })))).resolves.toHaveProperty('name', 'ann');
    await refuses(sign(claims({ iat: iat + 31 })), 'iat is in the future');
    await refuses(sign(claims({ nbf: iat + 60 })), 'ERR_JWT_CLAIM_VALIDATION_FAILED');
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
  ])('is refused with %s %j', async (claim, value) => {
    await refuses(sign(claims({ [claim]: value })), 'ERR_JWT_CLAIM_VALIDATION_FAILED');
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
  ])('is refused with %s %j', async (claim, value) => {
    await refuses(sign(claims({ [claim]: value })), 'a claim is absent or of the wrong type');
  });

  it.each([
    ['none', undefined],
    ['another', 'other'],
    ['an empty one', ''],
    ['others', ['other', 'kpanda2']],
  ])('is refused with %s as aud when one is configured', async (_, aud) => {
    await refuses(sign(claims({ aud })), 'ERR_JWT_CLAIM_VALIDATION_FAILED', { expected: withAudience });
  });

  it('is refused when the issuer was configured anew', async () => {
    const expected = { issuer: 'https://iam.example.com' };
    await refuses(sign(claims()), 'ERR_JWT_CLAIM_VALIDATION_FAILED', { expected });
  });
});

describe('the pair of a token', () => {
  const pair = (change: object) => accessKey({ groups: ['dev', 'ops'], keyPairs: [{ name: 'main', ...change }] });

  it.each([
    ['is gone', pairsOf()],
    ['is disabled', pairsOf(pair({ enabled: false }))],
    ['is suspended', pairsOf(accessKey({ groups: ['dev', 'ops'], suspended: true }))],
    ['has expired', pairsOf(pair({ expiresAt: at(0) }))],
    ['lost the claim', pairsOf(ann, accessKey({ name: 'older', user: 'ann', creationTimestamp: at(-7200) }))],
    ['belongs to an AccessKey on its way out', pairsOf(accessKey({ deleting: true }))],
    ['belongs to a successor of the AccessKey', pairsOf(accessKey({ uid: 'successor' }))],
    ['was made anew', createLivePairs(caches({ accessKeys: [ann], secrets: [secret({ keys: keyPair(2) })] }))],
  ])('%s: so is the token', async (_, pairs) => {
    await refuses(sign(claims()), notLive, { pairs });
  });

  it.each([
    ['sub', 'uid-of-bob'],
    ['preferred_username', 'bob'],
    ['client_id', keyPair(2).ak],
  ])('must be that of its %s', async (claim, value) => {
    await refuses(sign(claims({ [claim]: value })), notLive);
  });

  it('is found behind a copy of its Secret', async () => {
    const bob = accessKey({ name: 'bob', user: 'bob', creationTimestamp: at(-7200) });
    const secrets = [secret({ of: bob, createdAt: at(-7000) }), secret({ of: ann })];
    const pairs = createLivePairs(caches({ accessKeys: [bob, ann], secrets }));
    expect(pairs.find(keyPair().ak, now).map((one) => one.user.name)).toEqual(['bob', 'ann']);
    await expect(verify(await sign(claims()), { pairs })).resolves.toHaveProperty('id', ann.uid);
  });
});

describe('a token of the previous pair', () => {
  const overlapping = known({ keyPairs: [{ name: 'main', rotation: { overlap: '1h' } }], groups: ['dev', 'ops'] });
  const facts = { previousValidUntil: now + 60_000 };
  const rotated = secret({ of: overlapping, keys: keyPair(2), previous: keyPair(), facts });
  const pairs = createLivePairs(caches({ accessKeys: [overlapping], secrets: [rotated] }));

  it('is good until the overlap ends', async () => {
    const token = await sign(claims());
    await expect(verify(token, { pairs, time: now + 59_999 })).resolves.toHaveProperty('pairName', 'main');
    await refuses(token, notLive, { pairs, time: now + 60_000 });
  });
});

describe('groups', () => {
  it.each([
    [['dev', 'ops'], ['ops'], ['ops']],
    [['dev'], ['dev', 'admins'], ['dev']],
    [['dev', 'ops'], [], []],
    [[], ['dev'], []],
  ])('of the token %j and of the user now %j: %j', async (ofToken, ofUser, groups) => {
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
    return verifyToken(token, keys, options, createLivePairs(content), now, createLiveServiceAccounts(content));
  };
  const gone = 'no live AccessKey names the ServiceAccount of the token';

  it('is good while its AccessKey names it', async () => {
    const expected = { name: 'ann', pairName: undefined, clientId: robot };
    await expect(ask([naming()])).resolves.toMatchObject(expected);
  });

  it('has the groups that the user is still in', async () => {
    await expect(ask([naming({ groups: ['ops'] })])).resolves.toHaveProperty('groups', ['ops']);
  });

  it.each([
    ['is gone', []],
    ['names another', [naming({ serviceAccounts: ['other'] })]],
    ['names none', [naming({ serviceAccounts: undefined })]],
    ['is suspended', [naming({ suspended: true })]],
    ['is another of the same name', [naming({ uid: 'successor' })]],
    ['is in another namespace', [naming({ namespace: 'other', uid: 'uid-of-shop-ann' })]],
  ])('is refused when its AccessKey %s', async (_, accessKeys) => {
    await expect(ask(accessKeys)).rejects.toThrow(gone);
  });

  it('must name the user of the AccessKey', async () => {
    await expect(ask([naming()], { sub: 'uid-of-bob' })).rejects.toThrow(gone);
    await expect(ask([naming()], { preferred_username: 'bob' })).rejects.toThrow(gone);
  });

  it('is refused by who knows no ServiceAccounts', async () => {
    await refuses(sign(claims({ client_id: robot })), gone);
  });
});

it('a token that is longer than any of ours is refused unread', async () => {
  await refuses(sign(claims({ x: 'x'.repeat(33_000) })), 'too long');
});

describe('a token that was verified before', () => {
  /** Keys that count how often one of them is asked for. */
  async function counting(): Promise<{ keys: SigningKeys; asked: string[] }> {
    const own = await generate();
    const asked: string[] = [];
    class Counted extends Map<string, VerificationKey> {
      override get(kid: string) {
        asked.push(kid);
        return super.get(kid);
      }
    }
    return { keys: { ...own, published: new Counted(own.published) }, asked };
  }
  const verifyBy = (token: string, by: SigningKeys, { expected = options, pairs = annsPairs, time = now } = {}) =>
    verifyToken(token, by, expected, pairs, time, nobody);

  it('is known again, without its signature being looked at', async () => {
    const { keys: own, asked } = await counting();
    const token = await signToken(claims(), own);
    const first = await verifyBy(token, own);
    await expect(verifyBy(token, own)).resolves.toEqual(first);
    expect(asked).toEqual([own.active.kid]);
  });

  it('is another one when one character differs', async () => {
    const { keys: own } = await counting();
    const token = await signToken(claims(), own);
    await verifyBy(token, own);
    const [header, , signature] = token.split('.');
    const forged = `${header}.${encode(claims({ preferred_username: 'root' }))}.${signature}`;
    await expect(verifyBy(forged, own)).rejects.toThrow(TokenError);
  });

  it.each([
    ['it has expired', { time: now + 3 * 86_400_000 }, 'ERR_JWT_EXPIRED'],
    ['its iat is in the future', { time: now - 60_000 }, 'iat is in the future'],
    ['another issuer is expected', { expected: { ...options, issuer: 'x' } }, 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['an audience is expected', { expected: { ...options, audience: 'x' } }, 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['its pair is gone', { pairs: pairsOf() }, 'the key pair of the token is not live'],
  ])('is refused when %s', async (_, change, message) => {
    const { keys: own } = await counting();
    const token = await signToken(claims(), own);
    await verifyBy(token, own);
    await expect(verifyBy(token, own, change)).rejects.toThrow(new TokenError(message));
  });

  it('is refused by a set of keys that its key is not in any more', async () => {
    const token = await signToken(claims(), keys);
    await verifyBy(token, keys);
    await expect(verifyBy(token, foreign)).rejects.toThrow(new TokenError('ERR_JWKS_NO_MATCHING_KEY'));
  });
});

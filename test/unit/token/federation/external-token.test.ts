import { createHmac } from 'node:crypto';
import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createExternalTokens } from '../../../../src/token/federation/external-token.ts';
import { now } from '../../../support/builders.ts';
import { audience, createIssuer, type IssuerOptions, issuer, subject } from './issuers.ts';

afterEach(() => void vi.useRealTimers());

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const iat = now / 1000;
const claimsOfToken = { iss: issuer, sub: subject, aud: audience, iat, exp: iat + 600 };

/** Verifies tokens of an issuer; the test sets both clocks. */
async function createVerifier(options: IssuerOptions = {}) {
  const fake = await createIssuer({}, options);
  const clock = { now };
  const { url = issuer, alg = 'ES256' } = options;
  const trusted = { issuer: url, audiences: [audience, 'second'], algorithms: [alg] };
  const time = () => clock.now;
  const tokens = createExternalTokens({ issuers: [trusted], fetch: fake.fetch, now: time, monotonic: time });
  return { ...fake, clock, verify: tokens.verify, peek: tokens.peek };
}

describe('a token of a trusted issuer', () => {
  it('is accepted, with its subject and those of its audiences that are configured', async () => {
    const { verify, token, requests } = await createVerifier();
    const expected = { issuer, subject, audiences: [audience, 'second'], exp: iat + 600 };
    expect(await verify(await token({ aud: [audience, 'other', 'second'] }))).toEqual(expected);
    expect(await verify(await token())).toMatchObject({ audiences: [audience] });
    expect(requests).toEqual([`${issuer}/.well-known/openid-configuration`, `${issuer}/keys`]);
  });

  it('is accepted with any other claim', async () => {
    const { verify, token } = await createVerifier();
    expect(await verify(await token({ invalid: true, refused: 'x' }))).toMatchObject({ subject });
  });

  it.each(['RS256', 'RS512', 'PS384', 'ES384', 'ES512', 'EdDSA', 'Ed25519'])(
    'is accepted with the algorithm %s, if it is configured',
    async (alg) => {
      const { verify, token, fetch } = await createVerifier({ alg });
      expect(await verify(await token())).toMatchObject({ subject });
      const trusted = { issuer, audiences: [audience], algorithms: ['ES256'] };
      const other = createExternalTokens({ issuers: [trusted], fetch, now: () => now });
      expect(await other.verify(await token())).toHaveProperty('invalid');
    },
  );

  // RFC 8725, RFC 9068, and JWT-SVID section 2.3.
  it.each(['JWT', 'jwt', 'at+jwt', 'JOSE', undefined])('is accepted with the typ %s', async (typ) => {
    const { verify, token } = await createVerifier();
    expect(await verify(await token({}, { typ }))).toMatchObject({ subject });
  });

  it.each(['https://ci.example.org/realms/a', 'https://ci.example.org/realms/a/', 'https://ci.example.org/'])(
    'is accepted from the issuer %s, which must match exactly',
    async (url) => {
      const { verify, token, requests } = await createVerifier({ url });
      expect(await verify(await token())).toMatchObject({ issuer: url, subject });
      expect(requests[0]).toBe(`${url.replace(/\/$/, '')}/.well-known/openid-configuration`);
      const another = url.endsWith('/') ? url.slice(0, -1) : `${url}/`;
      expect(await verify(await token({ iss: another }))).toHaveProperty('invalid');
    },
  );

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['has expired', { exp: iat - 31 }, {}],
    ['is not valid yet', { nbf: iat + 31 }, {}],
    ['was issued in the future', { iat: iat + 31 }, {}],
    ['has no exp', { exp: undefined }, {}],
    ['has no iat', { iat: undefined }, {}],
    ['has no sub', { sub: undefined }, {}],
    ['has an empty sub', { sub: '' }, {}],
    ['has a number as sub', { sub: 7 }, {}],
    ['has a long sub', { sub: 'x'.repeat(513) }, {}],
    ['has no aud', { aud: undefined }, {}],
    ['is for another audience', { aud: 'other' }, {}],
    ['has an audience that only begins like ours', { aud: `${audience}/` }, {}],
    ['has too many audiences', { aud: [audience, ...Array.from({ length: 16 }, (_, i) => `a${i}`)] }, {}],
    ['is of another issuer', { iss: 'https://other.example.org' }, {}],
    ['is of an issuer with a slash', { iss: `${issuer}/` }, {}],
    ['has a list as iss', { iss: [issuer] }, {}],
    ['is a logout token', {}, { typ: 'logout+jwt' }],
    ['is a proof of possession', {}, { typ: 'dpop+jwt' }],
    ['has an unknown kid', {}, { kid: 'other' }],
    ['has a number as typ', {}, { typ: 7 }],
  ])('is rejected if it %s', async (_, claims, header) => {
    const { verify, token } = await createVerifier();
    expect(await verify(await token(claims, header))).toHaveProperty('invalid');
  });

  it('is rejected without a signature', async () => {
    const { verify, token } = await createVerifier();
    expect(await verify(new UnsecuredJWT(claimsOfToken).encode())).toHaveProperty('invalid');
    const [header, payload] = (await token()).split('.');
    expect(await verify(`${header}.${payload}.`)).toHaveProperty('invalid');
    for (const alg of ['none', 'NONE', '']) {
      expect(await verify(`${encode({ alg, typ: 'JWT' })}.${payload}.`)).toHaveProperty('invalid');
    }
  });

  it('is rejected if signed with HS256 and the public key as the secret', async () => {
    const { verify, token, current } = await createVerifier();
    const [, payload] = (await token()).split('.');
    const input = `${encode({ alg: 'HS256', kid: current().kid, typ: 'JWT' })}.${payload}`;
    const signature = createHmac('sha256', await exportSPKI(current().publicKey))
      .update(input)
      .digest('base64url');
    expect(await verify(`${input}.${signature}`)).toHaveProperty('invalid');
  });

  it('is rejected if signed with another key, whatever its header names', async () => {
    const { verify, current } = await createVerifier();
    const foreign = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(foreign.publicKey);
    for (const header of [{}, { jwk }, { jku: 'https://evil.example.org/keys' }]) {
      const protectedHeader = { alg: 'ES256', kid: current().kid, ...header };
      const token = await new SignJWT(claimsOfToken).setProtectedHeader(protectedHeader).sign(foreign.privateKey);
      expect(await verify(token)).toHaveProperty('invalid');
    }
  });

  it.each(['', '..', 'e30.e30.e30', 'x', 'a'.repeat(20_000)])('is rejected if it is %j', async (text) => {
    const { verify, peek, requests } = await createVerifier();
    expect(peek(text)).toBeUndefined();
    expect(await verify(text)).toHaveProperty('invalid');
    expect(requests).toEqual([]);
  });
});

describe('the keys of an issuer', () => {
  it('can be many, also of other types and algorithms', async () => {
    const algorithms = ['RS256', 'ES256', 'ES384', 'EdDSA', 'ECDH-ES'];
    const pairs = await Promise.all(algorithms.map((alg) => generateKeyPair(alg, { extractable: true })));
    const keys = await Promise.all(pairs.map(({ publicKey }) => exportJWK(publicKey)));
    const unsupported = [
      { kty: 'oct', k: 'c2VjcmV0', kid: 'o' },
      { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AA', kid: 'p' },
    ];
    const others = Array.from({ length: 47 }, (_, n) => ({ ...keys[n % keys.length], kid: `other-${n}` }));
    const { verify, token } = await createVerifier({ otherKeys: [...unsupported, ...others] as JWK[] });
    expect(await verify(await token())).toMatchObject({ subject });
    // A token must name its key, if several could have signed it.
    expect(await verify(await token({}, { kid: undefined }))).toHaveProperty('invalid');
  });

  it('are not read again for each unknown key', async () => {
    const { verify, token, requests } = await createVerifier();
    await verify(await token());
    await Promise.all(Array.from({ length: 20 }, async (_, n) => verify(await token({}, { kid: `unknown-${n}` }))));
    expect(requests).toHaveLength(2);
  });

  it('are not read again for each unknown key while they cannot be read', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { verify, token, requests, respondWith } = await createVerifier();
    await verify(await token());
    vi.setSystemTime(Date.now() + 11_000);
    respondWith(() => new Response('', { status: 503 }));
    for (const kid of ['a', 'b', 'c']) {
      await expect(verify(await token({}, { kid }))).rejects.toMatchObject({ kind: 'unavailable' });
    }
    expect(requests).toHaveLength(3);
    expect(await verify(await token())).toHaveProperty('subject', subject);
  });

  it('that the issuer has revoked are no longer accepted after ten minutes', async () => {
    const { verify, token, rotate, clock } = await createVerifier();
    const later = { exp: iat + 3_600 };
    const revoked = await token(later);
    expect(await verify(revoked)).toHaveProperty('subject');
    await rotate();
    clock.now += 10 * 60_000 - 1;
    expect(await verify(revoked)).toHaveProperty('subject');
    clock.now += 1;
    expect(await verify(revoked)).toHaveProperty('invalid');
    expect(await verify(await token(later))).toHaveProperty('subject');
  });

  it('that the issuer has revoked are rejected by the first request after days', async () => {
    const { verify, token, rotate, clock } = await createVerifier();
    const days = 3 * 86_400;
    const revoked = await token({ exp: iat + days + 600 });
    await verify(revoked);
    await rotate();
    clock.now += days * 1000;
    const answers = await Promise.all([verify(revoked), verify(revoked)]);
    for (const answer of answers) expect(answer).toHaveProperty('invalid');
  });

  it('stay in use for a day while the issuer is down', async () => {
    const { verify, token, respondWith, clock } = await createVerifier();
    const late = await token({ exp: iat + 2 * 86_400 });
    await verify(late);
    respondWith(() => Promise.reject(new TypeError('fetch failed')));
    for (const seconds of [1_200, 1_201, 7_200, 86_399]) {
      clock.now = now + seconds * 1000;
      expect(await verify(late)).toHaveProperty('subject', subject);
    }
    clock.now = now + 86_400_000;
    await expect(verify(late)).rejects.toMatchObject({ kind: 'unavailable' });
    respondWith(undefined);
    clock.now += 5_000;
    expect(await verify(late)).toHaveProperty('subject', subject);
  });

  it('stay in use without waiting, if the issuer has just failed and does not respond', async () => {
    const { verify, token, respondWith, requests, clock } = await createVerifier();
    const late = await token({ exp: iat + 86_400 });
    await verify(late);
    clock.now += 20 * 60_000;
    respondWith(() => Promise.reject(new TypeError('fetch failed')));
    expect(await verify(late)).toHaveProperty('subject');
    const { promise: response, reject } = Promise.withResolvers<Response>();
    respondWith(() => response);
    clock.now += 5_000;
    expect(await verify(late)).toHaveProperty('subject');
    expect(requests).toHaveLength(4);
    reject(new TypeError('fetch failed'));
  });

  it.each<[string, () => Response | Promise<Response>, 'unavailable' | 'invalid']>([
    ['cannot be reached', () => Promise.reject(new TypeError('fetch failed')), 'unavailable'],
    ['has an internal error', () => new Response('', { status: 503 }), 'unavailable'],
    ['limits the rate', () => new Response('', { status: 429 }), 'unavailable'],
    ['redirects', () => new Response('', { status: 302, headers: { location: 'http://169.254.169.254/' } }), 'invalid'],
    ['sends HTML', () => new Response('<html>'), 'invalid'],
    ['sends an empty object', () => Response.json({}), 'invalid'],
    ['names another issuer', () => Response.json({ issuer: `${issuer}/`, jwks_uri: `${issuer}/keys` }), 'invalid'],
    ['names a file as its keys', () => Response.json({ issuer, jwks_uri: 'file:///etc/passwd' }), 'invalid'],
    ['names keys without TLS', () => Response.json({ issuer, jwks_uri: 'http://ci.example.org/keys' }), 'invalid'],
  ])('are missing if it %s, and the next attempt waits', async (_, respond, kind) => {
    const { verify, token, respondWith, requests, clock } = await createVerifier();
    respondWith(respond);
    const one = await token();
    await Promise.all([0, 1, 2].map(() => expect(verify(one)).rejects.toMatchObject({ name: 'IssuerError', kind })));
    await expect(verify(one)).rejects.toMatchObject({ kind });
    expect(requests).toHaveLength(1);
    respondWith(undefined);
    clock.now += 5_000;
    expect(await verify(one)).toHaveProperty('subject', subject);
  });

  it('are invalid if they are no key set', async () => {
    const { verify, token, respondWith } = await createVerifier();
    respondWith((url) =>
      url.endsWith('/keys') ? Response.json({ keys: 'x' }) : Response.json({ issuer, jwks_uri: `${issuer}/keys` }),
    );
    await expect(verify(await token())).rejects.toMatchObject({ name: 'IssuerError', kind: 'invalid' });
  });
});

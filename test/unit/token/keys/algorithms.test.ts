/** Sets of keys of each algorithm, and of several at once. */
import { createLocalJWKSet, exportJWK, generateKeyPair, type JWK, jwtVerify } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Algorithm, algorithms, defaultKeyPolicy } from '../../../../src/token/keys/facts.ts';
import { formatKeys, parseKeys } from '../../../../src/token/keys/format.ts';
import { generateSigningKeys, parseSigningKeys, SigningKeyError } from '../../../../src/token/keys/signing-keys.ts';
import { signToken } from '../../../../src/token/sign.ts';
import { now } from '../../../support/builders.ts';

type Raw = Record<string, unknown>;

const times = { createdAt: '2026-01-01T00:00:00.000Z', activatedAt: '2026-01-01T00:00:00.000Z' };
const retiredTimes = { ...times, retiredAt: '2026-01-02T00:00:00.000Z', verifyUntil: '2026-02-01T00:00:00.000Z' };
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi'];
const claims = { iss: 'i', sub: 's', preferred_username: 'p', groups: [], iat: now / 1000, client_id: 'c' };

let raw: Record<Algorithm, Raw>;

beforeAll(async () => {
  const made = await Promise.all(
    algorithms.map(async (algorithm) => {
      const { keys } = JSON.parse(await generateSigningKeys(new Date(now), { ...defaultKeyPolicy, algorithm }));
      return [algorithm, keys[0]] as const;
    }),
  );
  raw = Object.fromEntries(made) as Record<Algorithm, Raw>;
});

const text = (...keys: Raw[]) => JSON.stringify({ keys });
const parse = (...keys: Raw[]) => parseSigningKeys(text(...keys));
const retired = (algorithm: Algorithm, change: Raw = {}) => ({
  ...Object.fromEntries(Object.entries(raw[algorithm]).filter(([name]) => !privateMembers.includes(name))),
  ...{ state: 'retired', ...retiredTimes, ...change },
});

describe.each(algorithms)('a set of %s', (algorithm) => {
  it('signs tokens that any verifier of the published set accepts', async () => {
    const keys = await parse(raw[algorithm]);
    const token = await signToken({ ...claims, exp: now / 1000 + 60 }, keys);
    const options = { algorithms: [algorithm], currentDate: new Date(now) };
    const { protectedHeader } = await jwtVerify(token, createLocalJWKSet(keys.jwks), options);
    expect(protectedHeader).toEqual({ alg: algorithm, kid: raw[algorithm].kid, typ: 'JWT' });
  });

  it('publishes no private member', async () => {
    const [jwk] = (await parse(raw[algorithm])).jwks.keys;
    expect(jwk).toMatchObject({ kid: raw[algorithm].kid, alg: algorithm, use: 'sig' });
    for (const name of [...privateMembers, 'state', 'createdAt', 'longestCycle']) expect(jwk).not.toHaveProperty(name);
  });

  it('is written as it was read', async () => {
    const set = text(raw[algorithm]);
    expect(formatKeys(parseKeys(set))).toBe(formatKeys(parseKeys(formatKeys(parseKeys(set)))));
    expect(JSON.parse(formatKeys(parseKeys(set)))).toEqual(JSON.parse(set));
  });

  it('loses the private half of a key that is written as retired', () => {
    const [key] = parseKeys(text(raw[algorithm]));
    if (!key) throw new Error('no key');
    const retirement = { state: 'retired', retiredAt: now, verifyUntil: now + 1 } as const;
    const [written] = JSON.parse(formatKeys([{ ...key, ...retirement }])).keys;
    for (const name of [...privateMembers, 'longestCycle']) expect(written).not.toHaveProperty(name);
    expect(written).toMatchObject({ kid: key.kid, state: 'retired', verifyUntil: '2026-01-01T00:00:00.001Z' });
  });

  it.each(algorithms)('publishes a retired key of %s besides, active first', async (other) => {
    if (other === algorithm) return;
    const { jwks, published, active } = await parse(retired(other), raw[algorithm]);
    expect(jwks.keys.map(({ kid }) => kid)).toEqual([raw[algorithm].kid, raw[other].kid]);
    expect([active.algorithm, published.get(String(raw[other].kid))?.algorithm]).toEqual([algorithm, other]);
  });

  it.each(algorithms)('refuses its key under the name of %s', async (other) => {
    if (other === algorithm) return;
    await expect(parse({ ...raw[algorithm], alg: other })).rejects.toThrow(/^malformed: keys\.0\./);
  });

  it('refuses the private half of another key', async () => {
    const jwk = await exportJWK((await generateKeyPair(algorithm, { extractable: true })).privateKey);
    const halves = Object.fromEntries(
      privateMembers.filter((name) => name in jwk).map((name) => [name, jwk[name as keyof JWK]]),
    );
    await expect(parse({ ...raw[algorithm], ...halves })).rejects.toThrow(SigningKeyError);
  });
});

describe('a set of several keys', () => {
  const next = (change: Raw = {}) => ({ ...raw.ES256, state: 'next', ...times, ...change });

  it('has at most one next key', async () => {
    const other = { ...raw.EdDSA, state: 'next', ...times };
    await expect(parse(raw.RS256, next(), other)).rejects.toThrow('keys: 2 next keys, there must be at most one');
  });

  it('has one active key', async () => {
    await expect(parse(next())).rejects.toThrow('keys: 0 active keys, there must be one');
    await expect(parse(retired('ES256'))).rejects.toThrow('keys: 0 active keys, there must be one');
  });

  it('has each kid once', async () => {
    await expect(parse(raw.RS256, { ...retired('RS256') })).rejects.toThrow('keys.1.kid: is that of a key before it');
  });

  it.each(['createdAt', 'activatedAt', 'retiredAt', 'verifyUntil'])(
    'is refused when a retired key lacks %s',
    async (name) => {
      await expect(parse(raw.RS256, retired('ES256', { [name]: undefined }))).rejects.toThrow(
        `malformed: keys.1.${name}`,
      );
      for (const value of ['yesterday', '2026-01-01', 5]) {
        await expect(parse(raw.RS256, retired('ES256', { [name]: value }))).rejects.toThrow(
          `malformed: keys.1.${name}`,
        );
      }
    },
  );

  it('is refused when the times of the others are not whole', async () => {
    await expect(parse(raw.RS256, next({ createdAt: undefined }))).rejects.toThrow('malformed: keys.1.createdAt');
    await expect(parse({ ...raw.RS256, activatedAt: undefined }, next())).rejects.toThrow(
      'malformed: keys.0.activatedAt',
    );
  });

  it('is refused when the next key has no private half, or a retired one is no key', async () => {
    await expect(parse(raw.RS256, next({ d: undefined }))).rejects.toThrow('malformed: keys.1.d');
    await expect(parse(raw.RS256, retired('ES256', { x: 'AAAA' }))).rejects.toThrow(SigningKeyError);
    await expect(parse(raw.RS256, retired('ES256', { kid: raw.EdDSA.kid }))).rejects.toThrow(
      'keys.1.kid: is not the thumbprint of the key',
    );
  });

  it('takes a retired key whose private half somebody put back, and does not use it', async () => {
    const { jwks } = await parse(raw.RS256, { ...raw.ES256, state: 'retired', ...retiredTimes });
    expect(jwks.keys[1]).not.toHaveProperty('d');
  });
});

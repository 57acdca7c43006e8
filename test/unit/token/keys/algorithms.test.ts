/** Key sets of each algorithm, and with keys of several algorithms. */
import { createLocalJWKSet, exportJWK, generateKeyPair, type JWK, jwtVerify } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Algorithm, algorithms } from '../../../../src/token/keys/facts.ts';
import { formatKeys, parseKeys } from '../../../../src/token/keys/format.ts';
import { generateSigningKeys, parseSigningKeys, SigningKeyError } from '../../../../src/token/keys/signing-keys.ts';
import { signToken } from '../../../../src/token/sign.ts';
import { keyPolicy, now } from '../../../support/builders.ts';

type Raw = Record<string, unknown>;

const times = { createdAt: '2026-01-01T00:00:00.000Z', activatedAt: '2026-01-01T00:00:00.000Z' };
const retiredTimes = { ...times, retiredAt: '2026-01-02T00:00:00.000Z', verifyUntil: '2026-02-01T00:00:00.000Z' };
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi'];
const claims = { iss: 'i', sub: 's', preferred_username: 'p', groups: [], iat: now / 1000, client_id: 'c' };

let raw: Record<Algorithm, Raw>;

beforeAll(async () => {
  const created = await Promise.all(
    algorithms.map(async (algorithm) => {
      const { keys } = JSON.parse(await generateSigningKeys(new Date(now), { ...keyPolicy, algorithm }));
      return [algorithm, keys[0]] as const;
    }),
  );
  raw = Object.fromEntries(created) as Record<Algorithm, Raw>;
});

const text = (...keys: Raw[]) => JSON.stringify({ keys });
const parse = (...keys: Raw[]) => parseSigningKeys(text(...keys));
const retired = (algorithm: Algorithm, change: Raw = {}) => ({
  ...Object.fromEntries(Object.entries(raw[algorithm]).filter(([name]) => !privateMembers.includes(name))),
  state: 'retired',
  ...retiredTimes,
  ...change,
});

describe.each(algorithms)('a key set of %s', (algorithm) => {
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

  it('has the same stored form after parsing', async () => {
    const set = text(raw[algorithm]);
    expect(formatKeys(parseKeys(set))).toBe(formatKeys(parseKeys(formatKeys(parseKeys(set)))));
    expect(JSON.parse(formatKeys(parseKeys(set)))).toEqual(JSON.parse(set));
  });

  it('is stored without the private members of a retired key', () => {
    const [key] = parseKeys(text(raw[algorithm]));
    if (!key) throw new Error('no key');
    const retirement = { state: 'retired', retiredAt: now, verifyUntil: now + 1 } as const;
    const [written] = JSON.parse(formatKeys([{ ...key, ...retirement }])).keys;
    for (const name of [...privateMembers, 'longestCycle']) expect(written).not.toHaveProperty(name);
    expect(written).toMatchObject({ kid: key.kid, state: 'retired', verifyUntil: '2026-01-01T00:00:00.001Z' });
  });

  it.each(algorithms)('also publishes a retired key of %s, after the active key', async (other) => {
    if (other === algorithm) return;
    const { jwks, published, active } = await parse(retired(other), raw[algorithm]);
    expect(jwks.keys.map(({ kid }) => kid)).toEqual([raw[algorithm].kid, raw[other].kid]);
    expect([active.algorithm, published.get(String(raw[other].kid))?.algorithm]).toEqual([algorithm, other]);
  });

  it.each(algorithms)('rejects its key declared as %s', async (other) => {
    const isSame = [algorithm, other].every((one) => one === 'EdDSA' || one === 'Ed25519');
    if (other === algorithm || isSame) return;
    await expect(parse({ ...raw[algorithm], alg: other })).rejects.toThrow(/^malformed: keys\.0\./);
  });

  it('rejects the private members of another key', async () => {
    const jwk = await exportJWK((await generateKeyPair(algorithm, { extractable: true })).privateKey);
    const halves = Object.fromEntries(
      privateMembers.filter((name) => name in jwk).map((name) => [name, jwk[name as keyof JWK]]),
    );
    await expect(parse({ ...raw[algorithm], ...halves })).rejects.toThrow(SigningKeyError);
  });
});

describe('a key set with several keys', () => {
  const next = (change: Raw = {}) => ({ ...raw.ES256, state: 'next', ...times, ...change });

  it('is rejected with two next keys', async () => {
    const other = { ...raw.EdDSA, state: 'next', ...times };
    await expect(parse(raw.RS256, next(), other)).rejects.toThrow('keys: 2 next keys, must be at most one');
  });

  it('is rejected without an active key', async () => {
    await expect(parse(next())).rejects.toThrow('keys: 0 active keys, must be exactly one');
    await expect(parse(retired('ES256'))).rejects.toThrow('keys: 0 active keys, must be exactly one');
  });

  it('is rejected with a duplicate kid', async () => {
    await expect(parse(raw.RS256, { ...retired('RS256') })).rejects.toThrow('keys.1.kid: duplicate of an earlier key');
  });

  it.each(['createdAt', 'activatedAt', 'retiredAt', 'verifyUntil'])(
    'is rejected if a retired key has no valid %s',
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

  it('is rejected if the active or the next key lacks a time', async () => {
    await expect(parse(raw.RS256, next({ createdAt: undefined }))).rejects.toThrow('malformed: keys.1.createdAt');
    await expect(parse({ ...raw.RS256, activatedAt: undefined }, next())).rejects.toThrow(
      'malformed: keys.0.activatedAt',
    );
  });

  it('is rejected if the next key has no private member, or a retired key is invalid', async () => {
    await expect(parse(raw.RS256, next({ d: undefined }))).rejects.toThrow('malformed: keys.1.d');
    await expect(parse(raw.RS256, retired('ES256', { x: 'AAAA' }))).rejects.toThrow(SigningKeyError);
    await expect(parse(raw.RS256, retired('ES256', { kid: raw.EdDSA.kid }))).rejects.toThrow(
      'keys.1.kid: must be the thumbprint of the key',
    );
  });

  it('ignores the private members of a retired key', async () => {
    const { jwks } = await parse(raw.RS256, { ...raw.ES256, state: 'retired', ...retiredTimes });
    expect(jwks.keys[1]).not.toHaveProperty('d');
  });
});

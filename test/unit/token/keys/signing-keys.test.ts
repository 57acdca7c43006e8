import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { generateSigningKeys, parseSigningKeys, SigningKeyError } from '../../../../src/token/keys/signing-keys.ts';
import { keyPolicy, now } from '../../../support/builders.ts';

type StoredKey = JWK & { state?: string; createdAt?: string; activatedAt?: string; longestCycle?: number };

let stored: StoredKey;
let other: StoredKey;
/** A valid RSA key of 1024 bits. */
let small: StoredKey;

async function generate(): Promise<StoredKey> {
  return JSON.parse(await generateSigningKeys(new Date(now), keyPolicy)).keys[0];
}

beforeAll(async () => {
  [stored, other] = await Promise.all([generate(), generate()]);
  const { privateKey } = await crypto.subtle.generateKey(
    { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) },
    true,
    ['sign', 'verify'],
  );
  const jwk = await exportJWK(privateKey);
  small = { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'RS256', state: 'active' };
});

const parse = (...keys: unknown[]) => parseSigningKeys(JSON.stringify({ keys }));

describe('generateSigningKeys', () => {
  it('generates an active RSA key of 2048 bits, with its thumbprint as the kid, and a next key', async () => {
    const { keys } = JSON.parse(await generateSigningKeys(new Date(now), keyPolicy));
    expect(keys.map((key: StoredKey) => key.state)).toEqual(['active', 'next']);
    expect(stored).toMatchObject({
      kty: 'RSA',
      alg: 'RS256',
      use: 'sig',
      state: 'active',
      createdAt: '2026-01-01T00:00:00.000Z',
      activatedAt: '2026-01-01T00:00:00.000Z',
      longestCycle: 30,
      kid: await calculateJwkThumbprint(stored),
    });
    expect(stored.kid).toHaveLength(43);
    expect(Buffer.from(stored.n ?? '', 'base64url')).toHaveLength(256);
  });

  it('generates a different key each time', () => {
    expect(other.kid).not.toBe(stored.kid);
  });
});

describe('parseSigningKeys', () => {
  it('parses the result of generateSigningKeys', async () => {
    const { active, jwks } = await parse(stored);
    expect(active.kid).toBe(stored.kid);
    expect(active.key).toMatchObject({ type: 'private', usages: ['sign'] });
    const { kty, n, e, kid } = stored;
    expect(jwks).toEqual({ keys: [{ kty, n, e, kid, alg: 'RS256', use: 'sig' }] });
  });

  it('publishes no private member', async () => {
    const { jwks } = await parse(stored);
    const text = JSON.stringify(jwks);
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const) {
      expect(jwks.keys[0]).not.toHaveProperty(member);
      expect(text).not.toContain(stored[member]);
    }
  });

  it('ignores unknown members', async () => {
    await expect(parse({ ...stored, comment: 'restored from backup' })).resolves.toHaveProperty('active');
  });

  it.each([
    ['an empty text', '', 'not valid JSON'],
    ['invalid JSON', '{"keys":[', 'not valid JSON'],
    ['null', 'null', 'malformed: the document'],
    ['a string', '"keys"', 'malformed: the document'],
    ['a list', '[]', 'malformed: the document'],
    ['no keys', '{}', 'malformed: keys'],
    ['keys that are not a list', '{"keys":{}}', 'malformed: keys'],
    ['an empty list of keys', '{"keys":[]}', 'malformed: keys'],
    ['a key that is not an object', '{"keys":["k"]}', 'malformed: keys.0'],
  ])('rejects %s', async (_, json, message) => {
    await expect(parseSigningKeys(json)).rejects.toThrow(new SigningKeyError(message));
  });

  it.each(['kty', 'alg', 'kid', 'state', 'n', 'e', 'd'] as const)('rejects a key without %s', async (member) => {
    const { [member]: _, ...rest } = stored;
    await expect(parse(rest)).rejects.toThrow(new SigningKeyError(`malformed: keys.0.${member}`));
    await expect(parse({ ...stored, [member]: '' })).rejects.toThrow(
      new SigningKeyError(`malformed: keys.0.${member}`),
    );
  });

  it.each([
    ['state', 'Active'],
    ['state', 'next '],
    ['alg', 'RS512'],
    ['alg', 'none'],
    ['kty', 'EC'],
    ['n', 7],
    ['longestCycle', 0],
    ['longestCycle', 3650.5],
    ['longestCycle', 1e12],
  ])('rejects %s %j', async (member, value) => {
    await expect(parse({ ...stored, [member]: value })).rejects.toThrow(
      new SigningKeyError(`malformed: keys.0.${member}`),
    );
  });

  it('accepts the longest cycle that can be configured', async () => {
    await expect(parse({ ...stored, longestCycle: 3650 })).resolves.toHaveProperty('active');
  });

  it('names each invalid member once', async () => {
    const { d: _, ...rest } = stored;
    await expect(parse({ ...rest, state: 'gone', kid: '' })).rejects.toThrow(
      new SigningKeyError('malformed: keys.0.d, keys.0.kid, keys.0.state'),
    );
  });

  it('rejects two active keys', async () => {
    await expect(parse(stored, other)).rejects.toThrow(new SigningKeyError('keys: 2 active keys, must be exactly one'));
  });

  it('rejects an active key without private members', async () => {
    const { kty, n, e, kid, alg, state } = stored;
    await expect(parse({ kty, n, e, kid, alg, state })).rejects.toThrow(new SigningKeyError('malformed: keys.0.d'));
  });

  it('rejects a kid that is not the thumbprint', async () => {
    for (const kid of [other.kid, 'key-1', stored.kid?.slice(1)]) {
      await expect(parse({ ...stored, kid })).rejects.toThrow(
        new SigningKeyError('keys.0.kid: must be the thumbprint of the key'),
      );
    }
  });

  it('rejects an incomplete private key', async () => {
    const { p: _, ...noPrime } = stored;
    await expect(parse(noPrime)).rejects.toThrow(SigningKeyError);
    await expect(parse({ ...stored, key_ops: ['verify'] })).rejects.toThrow(SigningKeyError);
  });

  it('rejects a private key that does not match the public key', async () => {
    const { n, e, kid } = stored;
    await expect(parse({ ...other, n, e, kid })).rejects.toThrow(SigningKeyError);
  });

  it('rejects a key of fewer than 2048 bits (RFC 7518 section 3.3)', async () => {
    await expect(parse(small)).rejects.toThrow(SigningKeyError);
  });

  it('never includes values of the key in an error', async () => {
    const broken: unknown[][] = [
      [{ ...stored, state: 'secret-state' }],
      [{ ...stored, kid: other.kid }],
      [{ ...stored, p: undefined }],
      [{ ...stored, n: 5, e: undefined }],
      [stored, other],
    ];
    const values = [...Object.values(stored), ...Object.values(other)].filter(
      (value) => typeof value === 'string' && value.length > 6,
    );
    for (const keys of broken) {
      const error: unknown = await parse(...keys).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(SigningKeyError);
      const text = `${(error as Error).message} ${(error as Error).stack} ${JSON.stringify(error)}`;
      for (const value of [...values, 'secret-state']) expect(text).not.toContain(value);
      expect((error as Error).cause).toBeUndefined();
    }
    const cut = await parseSigningKeys(JSON.stringify({ keys: [stored] }).slice(0, -2)).catch(String);
    for (const value of values) expect(cut).not.toContain(value);
  });

  it('parses a set that was stored before keys had times', async () => {
    const { createdAt: _, activatedAt: __, longestCycle: ___, ...bare } = stored;
    expect((await parse({ ...bare, createdAt: stored.createdAt })).active.kid).toBe(stored.kid);
    expect((await parse(bare)).active.kid).toBe(stored.kid);
  });

  it('rejects an EC key declared as RSA', async () => {
    const ec = await exportJWK((await generateKeyPair('ES256', { extractable: true })).privateKey);
    const { kid, alg, state } = stored;
    await expect(parse({ ...ec, kid, alg, state, kty: 'RSA' })).rejects.toThrow(SigningKeyError);
  });
});

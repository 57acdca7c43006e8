import { decodeJwt, decodeProtectedHeader } from 'jose';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createLiveServiceAccounts } from '../../../src/accesskey/live/live-users.ts';
import { createPairLookup } from '../../../src/accesskey/live/pair-lookup.ts';
import { createSecretTokens } from '../../../src/token/issue-for-secrets.ts';
import { generateSigningKeys, parseSigningKeys } from '../../../src/token/keys/signing-keys.ts';
import { signToken } from '../../../src/token/sign.ts';
import { verifyToken } from '../../../src/token/verify.ts';
import { accessKey, caches, keyPair, keyPolicy, now, secret } from '../../support/builders.ts';

const claimsOptions = { issuer: 'ghippo.io' };
const of = accessKey({ groups: ['dev'] });
const stored = generateSigningKeys(new Date(now), { ...keyPolicy, algorithm: 'ES256' });
const never = Number.POSITIVE_INFINITY;

async function issue(change: object = {}) {
  const keys = await parseSigningKeys(await stored);
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const tokens = createSecretTokens({ claimsOptions, maxSeconds: 7200, sign: signToken, signingKeys: () => keys, log });
  const request = { accessKey: of, ak: keyPair().ak, validForMs: 3_600_000, audience: undefined, expiresAt: never };
  const signed = await tokens.issue({ ...request, tokensNotBefore: 0, now, ...change });
  const content = caches({ accessKeys: [of], secrets: [secret({ of })] });
  const verify = () =>
    verifyToken(signed.token, {
      keys,
      expected: claimsOptions,
      pairs: createPairLookup(content),
      serviceAccounts: createLiveServiceAccounts(content),
      address: '192.0.2.1',
      now,
    });
  return { keys, tokens, signed, verify, lines };
}

describe('a token for a Secret', () => {
  it('is verified like a token that a client requests with the pair', async () => {
    const { signed, verify, keys, tokens } = await issue();
    expect(await verify()).toMatchObject({ id: of.uid, name: 'ann', groups: ['dev'], pairName: 'main' });
    expect(decodeProtectedHeader(signed.token).kid).toBe(keys.active.kid);
    expect(signed).toMatchObject({ kid: keys.active.kid, issuedAt: now, expiresAt: now + 3_600_000 });
    expect([tokens.isPublished(signed.kid), tokens.isPublished('other'), tokens.isReady()]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('is limited to the longest validity and the expiry of the pair', async () => {
    expect((await issue({ validForMs: 9e9 })).signed.expiresAt).toBe(now + 7_200_000);
    expect((await issue({ expiresAt: now + 60_500 })).signed.expiresAt).toBe(now + 60_000);
  });

  it('has an audit record that does not contain it', async () => {
    const { lines, signed } = await issue();
    const record = { audit: true, event: 'token.issued', ak: keyPair().ak, user: 'ann', subject: of.uid };
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ ...record, expires: now / 1000 + 3600 }]);
    expect(lines.join()).not.toContain(signed.token);
  });

  it('has the configured audience, which also decides when it is renewed', async () => {
    const keys = await parseSigningKeys(await stored);
    const configured = { ...claimsOptions, audience: 'https://keys.example.org' };
    const log = pino({ level: 'silent' });
    const options = { claimsOptions: configured, maxSeconds: 7200, sign: signToken, signingKeys: () => keys, log };
    const tokens = createSecretTokens(options);
    const request = {
      accessKey: of,
      ak: keyPair().ak,
      validForMs: 3_600_000,
      expiresAt: never,
      tokensNotBefore: 0,
      now,
    };
    const audienceOf = async (audience?: string) => decodeJwt((await tokens.issue({ ...request, audience })).token).aud;
    expect(await audienceOf()).toBe(configured.audience);
    expect(await audienceOf('https://shop.example.org')).toBe('https://shop.example.org');
    expect(tokens.audience).toBe(configured.audience);
  });

  it('cannot be issued without signing keys', async () => {
    const tokens = createSecretTokens({
      claimsOptions,
      maxSeconds: 1,
      sign: signToken,
      signingKeys: () => undefined,
      log: pino({ level: 'silent' }),
    });
    expect([tokens.isReady(), tokens.isPublished('x')]).toEqual([false, false]);
    await expect(tokens.issue({} as never)).rejects.toThrow('the signing keys are not loaded');
  });
});

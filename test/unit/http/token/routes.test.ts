import { decodeJwt, decodeProtectedHeader } from 'jose';
import { describe, expect, it } from 'vitest';
import { createPairLookup } from '../../../../src/accesskey/live/pair-lookup.ts';
import type { TokenMetrics } from '../../../../src/http/common/dependencies.ts';
import { accessKey, at, caches, keyPair, now, secret } from '../../../support/builders.ts';
import {
  ak,
  basic,
  createPlatform,
  type ErrorAnswer,
  form,
  keyPaths,
  signingKeys,
  sk,
  tokenPaths,
} from '../support.ts';

const pair = `ak=${ak}&sk=${sk}`;
const other = keyPair(2);
const [tokenPath] = tokenPaths;
const wholeNumber = 'must be a whole number from 1 to 30';
const json = (body: object): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

describe.each(tokenPaths)('GET %s', (path) => {
  it('returns a token of the user that must not be cached', async () => {
    const { get } = await createPlatform();
    const answer = await get(`${path}?${pair}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    expect(answer.headers.get('Content-Type')).toBe('application/json');
    const { token, ...rest } = answer.json<{ token: string }>();
    expect(rest).toEqual({});
    const { active } = await signingKeys();
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'RS256', kid: active.kid, typ: 'JWT' });
    expect(decodeJwt(token)).toEqual({
      iss: 'ghippo.io',
      sub: accessKey().uid,
      preferred_username: 'ann',
      groups: ['dev'],
      iat: now / 1000,
      exp: now / 1000 + 3 * 86_400,
      client_id: ak,
    });
  });

  it.each([
    ['1', 1],
    ['30', 30],
    ['07', 7],
    ['', 3],
  ])('accepts cycle=%s as %d days', async (cycle, days) => {
    const { get } = await createPlatform();
    const { token } = (await get(`${path}?${pair}&cycle=${cycle}`)).json<{ token: string }>();
    expect(decodeJwt(token).exp).toBe(now / 1000 + days * 86_400);
  });

  it.each([
    ['0', wholeNumber],
    ['31', wholeNumber],
    ['-1', wholeNumber],
    ['1.5', wholeNumber],
    ['1e1', wholeNumber],
    ['abc', wholeNumber],
    ['99999999999', wholeNumber],
    ['9'.repeat(50), wholeNumber],
    ['%2B1', wholeNumber],
    ['+1', wholeNumber],
    ['0x1', wholeNumber],
    ['%201', wholeNumber],
    ['1%20', wholeNumber],
    ['1%0A', wholeNumber],
    ['%D9%A1', wholeNumber],
    ['NaN', wholeNumber],
    ['null', wholeNumber],
    ['1&cycle=1', 'must be given only once'],
  ])('rejects cycle=%s', async (cycle, description) => {
    const { get } = await createPlatform();
    const answer = await get(`${path}?${pair}&cycle=${cycle}`);
    expect(answer.status).toBe(400);
    expect(answer.json()).toEqual({
      code: 3,
      message: `cycle: ${description}`,
      details: [
        { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field: 'cycle', description }] },
      ],
    });
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
  });

  it('reports at most ten violations', async () => {
    const { get } = await createPlatform();
    const names = Array.from({ length: 500 }, (_, index) => `p${index}`);
    const answer = await get(`${path}?${pair}&${names.map((name) => `${name}=1`).join('&')}`);
    const { message, details } = answer.json();
    const description = 'unknown parameter';
    expect(details[0]?.fieldViolations).toEqual(names.slice(0, 10).map((field) => ({ field, description })));
    expect(message).toMatch(/^p0: .*p9: unknown parameter; and 490 more$/);
  });

  it.each([
    [`sk=${sk}`, ['ak: is required']],
    [`ak=${ak}`, ['sk: is required']],
    ['', ['ak: is required', 'sk: is required']],
    [`ak=&sk=${sk}`, ['ak: must not be empty']],
    [`ak=${ak}&sk=`, ['sk: must not be empty']],
    [`ak&sk`, ['ak: must not be empty', 'sk: must not be empty']],
    [`${pair}&ak=${ak}`, ['ak: must be given only once']],
    [`${pair}&sk=${sk}`, ['sk: must be given only once']],
    [`ak=${'x'.repeat(257)}&sk=${sk}`, ['ak: must be 256 characters at most']],
    [`ak=${ak}&sk=${'x'.repeat(257)}`, ['sk: must be 256 characters at most']],
    [`${pair}&cycles=3`, ['cycles: unknown parameter']],
    [`${pair}&CYCLE=3`, ['CYCLE: unknown parameter']],
    [`${pair}&constructor=1`, ['constructor: unknown parameter']],
    [`${pair}&__proto__=1`, ['__proto__: unknown parameter']],
    [`${pair}&a%0Ab=1&c=2`, ['a?b: unknown parameter', 'c: unknown parameter']],
    [`${pair}&${'n'.repeat(100)}=1`, [`${'n'.repeat(64)}: unknown parameter`]],
    [`sk=&cycle=x&z=1`, ['ak: is required', 'sk: must not be empty', `cycle: ${wholeNumber}`, 'z: unknown parameter']],
  ])('rejects ?%s', async (query, problems) => {
    const { get } = await createPlatform();
    const answer = await get(`${path}?${query}`);
    expect(answer.status).toBe(400);
    const { code, message, details } = answer.json();
    expect([code, message]).toEqual([3, problems.join('; ')]);
    const violations = details[0]?.fieldViolations.map(({ field, description }) => `${field}: ${description}`);
    expect(violations).toEqual(problems);
    expect(answer.text).not.toContain(sk);
  });

  it.each([
    ['an unknown ak', `ak=${other.ak}&sk=${sk}`],
    ['a wrong sk', `ak=${ak}&sk=${other.sk}`],
    ['ak and sk swapped', `ak=${sk}&sk=${ak}`],
    ['an sk in upper case', `ak=${ak}&sk=${sk.toUpperCase()}`],
    ['values that are not UUIDs', 'ak=1&sk=%00'],
  ])('returns the same 401 for %s', async (_, query) => {
    const { get } = await createPlatform();
    const answer = await get(`${path}?${query}`);
    expect(answer.status).toBe(401);
    expect(answer.json()).toEqual({
      code: 16,
      message: 'the access key or the secret key is not valid',
      details: [],
    });
    expect(answer.headers.get('WWW-Authenticate')).toBe('AccessKey realm="ghippo.io"');
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
  });
});

describe('a wrong key pair', () => {
  it.each([
    ['a form', form({ ak, sk: other.sk }), 'AccessKey realm="ghippo.io"'],
    ['JSON', json({ ak: other.ak, sk }), 'AccessKey realm="ghippo.io"'],
    ['Basic', { headers: { authorization: basic(ak, other.sk) } }, 'Basic realm="ghippo.io", charset="UTF-8"'],
  ])('in %s returns 401 with the matching challenge', async (_, init, challenge) => {
    const { send } = await createPlatform();
    const answer = await send(tokenPath, init);
    expect(answer.status).toBe(401);
    expect(answer.json<ErrorAnswer>().message).toBe('the access key or the secret key is not valid');
    expect(answer.headers.get('WWW-Authenticate')).toBe(challenge);
  });
});

describe('a key pair that is not live', () => {
  const withPair = (change: object) => accessKey({ keyPairs: [{ name: 'main', ...change }] });

  it.each([
    ['disabled', withPair({ enabled: false })],
    ['expired', withPair({ expiresAt: at(0) })],
    // Still active, but a token would expire within a second.
    ['expired', withPair({ expiresAt: '2026-01-01T00:00:00.900Z' })],
  ])('returns the same 401 as a wrong key pair, and logs %s', async (refused, of) => {
    const { get, logged } = await createPlatform({ of });
    const [right, wrong] = [await get(`${tokenPath}?${pair}`), await get(`${tokenPath}?ak=${ak}&sk=${other.sk}`)];
    expect([right.status, right.text]).toEqual([401, wrong.text]);
    expect(right.headers.get('WWW-Authenticate')).toBe(wrong.headers.get('WWW-Authenticate'));
    expect(logged()).toMatchObject([
      { refused, ak },
      { refused: 'wrong secret key', ak },
    ]);
  });

  it('returns the same 401 if its AccessKey does not hold its user', async () => {
    const older = accessKey({ namespace: 'other', name: 'older', user: 'ann', creationTimestamp: at(-7200) });
    const content = { accessKeys: [accessKey(), older], secrets: [secret()] };
    const { get, logged } = await createPlatform({ pairs: createPairLookup(caches(content)) });
    expect((await get(`${tokenPath}?${pair}`)).status).toBe(401);
    expect(logged()).toMatchObject([{ refused: 'conflict', ak }]);
  });
});

describe('a token', () => {
  it('never expires later than its key pair', async () => {
    const { get } = await createPlatform({ of: accessKey({ keyPairs: [{ name: 'main', expiresAt: at(3600) }] }) });
    const { token } = (await get(`${tokenPath}?${pair}`)).json<{ token: string }>();
    expect(decodeJwt(token).exp).toBe(now / 1000 + 3600);
  });

  it('has the configured issuer, audience and cycles', async () => {
    const token = { issuer: 'https://iam.example.com', audience: 'kpanda', defaultCycle: 1, maxCycle: 2 };
    const { get } = await createPlatform({ token });
    const answer = await get(`${tokenPath}?${pair}`);
    const claims = { iss: token.issuer, aud: 'kpanda', exp: now / 1000 + 86_400 };
    expect(decodeJwt(answer.json<{ token: string }>().token)).toMatchObject(claims);
    expect((await get(`${tokenPath}?${pair}&cycle=3`)).json().message).toBe(
      'cycle: must be a whole number from 1 to 2',
    );
    expect((await get(`${tokenPath}?ak=x&sk=x`)).headers.get('WWW-Authenticate')).toBe(
      'AccessKey realm="https://iam.example.com"',
    );
  });
});

describe('before the signing keys are loaded', () => {
  it.each([
    ...tokenPaths.map((path) => `${path}?${pair}`),
    ...tokenPaths.map((path) => `${path}?ak=x&sk=y`),
    ...keyPaths,
  ])('%s returns 503', async (path) => {
    const { get } = await createPlatform({ signingKeys: () => undefined });
    const answer = await get(path);
    expect(answer.status).toBe(503);
    expect(answer.json()).toEqual({ code: 14, message: 'the signing keys are not loaded yet', details: [] });
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
  });

  it('an invalid request still returns 400', async () => {
    const { get } = await createPlatform({ signingKeys: () => undefined });
    expect((await get(tokenPath)).status).toBe(400);
  });
});

describe('the metrics', () => {
  it.each([
    ['granted', pair, ['signed', 'granted']],
    ['refused', `ak=${ak}&sk=${ak}`, ['refused']],
    ['refused for an unknown ak', `ak=${sk}&sk=${sk}`, ['refused']],
    ['invalid', `${pair}&cycle=x`, ['invalid']],
  ])('count a request that is %s', async (_, query, expected) => {
    const events: string[] = [];
    const tokenMetrics: TokenMetrics = {
      requested: (result) => events.push(result),
      signed: (seconds) => events.push(Number.isFinite(seconds) ? 'signed' : `${seconds}`),
    };
    const { get } = await createPlatform({ tokenMetrics });
    for (const path of tokenPaths) await get(`${path}?${query}`);
    expect(events).toEqual([...expected, ...expected]);
  });
});

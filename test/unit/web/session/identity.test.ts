import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { KubernetesError } from '../../../../src/kube/errors.ts';
import type { Transport } from '../../../../src/kube/transport.ts';
import {
  claimedAccount,
  createTokenReview,
  expiryOfToken,
  isToken,
  type ReviewLimit,
  ReviewLimitError,
} from '../../../../src/web/session/identity.ts';

describe('isToken', () => {
  test.each([
    ['eyJh.eyJz.c2ln', true],
    ['static-token', true],
    ['with blank', false],
    ['line\nbreak', false],
    ['ä', false],
    ['', false],
    ['x'.repeat(8_193), false],
  ])('for %o is %s', (text, expected) => expect(isToken(text)).toBe(expected));
});

test('expiryOfToken reads the claim exp', () => {
  const jwt = (claims: unknown) => `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.y`;
  expect(expiryOfToken(jwt({ exp: 5 }))).toBe(5000);
  for (const other of ['opaque', 'a.b.c', jwt({}), jwt(null), jwt({ exp: '5' })]) {
    expect(expiryOfToken(other)).toBe(Number.POSITIVE_INFINITY);
  }
});

test('claimedAccount is the same for all tokens with one issuer and subject', () => {
  const jwt = (claims: unknown, signature = 'y') =>
    `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
  const ann = claimedAccount(jwt({ iss: 'a', sub: 'ann', exp: 1 }));
  expect(claimedAccount(jwt({ iss: 'a', sub: 'ann', exp: 2 }, 'z'))).toBe(ann);
  const others = [
    jwt({ iss: 'b', sub: 'ann' }),
    jwt({ iss: 'a', sub: 'bob' }),
    jwt(null),
    jwt([]),
    jwt({ sub: {} }),
    'q',
    'x.y',
  ];
  expect(new Set([ann, ...others.map(claimedAccount)]).size).toBe(others.length + 1);
});

describe('createTokenReview with a limit', () => {
  const address = '192.0.2.1';
  /** An API server that accepts only the token `good`, and one attempt of a client. */
  function setUp() {
    const calls: string[] = [];
    let attempts = 1;
    let limited = 0;
    const review = createTokenReview((token) => apiServer(token, calls));
    const limit: ReviewLimit = async (ask) => {
      limited += 1;
      if (attempts === 0) throw new ReviewLimitError(7);
      const user = await ask();
      if (!user) attempts -= 1;
      return user;
    };
    return { calls, review, limit, limited: () => limited };
  }

  test('takes an attempt for a rejected token, and then fails without a call', async () => {
    const { calls, review, limit } = setUp();
    expect(await review('bad', address, limit)).toBeUndefined();
    const error = await review('worse', address, limit).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ReviewLimitError);
    expect(error).toMatchObject({ retryAfterSeconds: 7 });
    expect(calls).toEqual(['bad']);
  });

  test('returns cached results without an attempt', async () => {
    const { calls, review, limit } = setUp();
    await review('bad', address, limit);
    expect(await review('bad', address, limit)).toBeUndefined();
    expect(calls).toEqual(['bad']);
  });

  test('takes one attempt for concurrent requests with a token, and rejects if the review has no result', async () => {
    const { review, limit, limited } = setUp();
    const [one, two] = await Promise.all([review('good', address, limit), review('good', address, limit)]);
    expect([one, two]).toEqual(Array(2).fill({ name: 'ann', groups: ['dev'] }));
    expect(limited()).toBe(1);
    await expect(review('unavailable', address, limit)).rejects.toThrow(KubernetesError);
  });
});

test('caches fewer users if they are in many groups, so that they do not fill the memory', async () => {
  const calls: string[] = [];
  const groups = Array.from({ length: 100 }, (_, index) => String(index).padEnd(199, 'g'));
  const review = createTokenReview((token) => apiServer(token, calls, groups));
  const tokens = Array.from({ length: 1_000 }, (_, index) => `good-${index}`);
  for (const token of tokens) await review(token, '192.0.2.1');
  calls.length = 0;
  // From the newest on, so that a review does not evict the users that are looked up afterwards.
  for (const token of tokens.toReversed()) await review(token, '192.0.2.1');
  expect(calls.length).toBeGreaterThanOrEqual(900);
  expect(calls.length).toBeLessThan(1_000);
});

test('returns the user of a review that takes long, although many others are cached meanwhile', async () => {
  const gate = Promise.withResolvers<void>();
  const groups = Array.from({ length: 100 }, (_, index) => String(index).padEnd(199, 'g'));
  const review = createTokenReview((token) =>
    apiServer(token, [], groups, token === 'good-slow' ? gate.promise : null),
  );
  const slow = review('good-slow', '192.0.2.1');
  for (let index = 0; index < 200; index += 1) await review(`good-${index}`, '192.0.2.1');
  gate.resolve();
  expect(await slow).toMatchObject({ name: 'ann' });
});

function apiServer(token: string, calls: string[], groups = ['dev'], ready: Promise<void> | null = null): Transport {
  return {
    server: 'https://test.example',
    async send() {
      calls.push(token);
      await ready;
      if (token === 'unavailable') throw new KubernetesError('unavailable', { status: 503 });
      if (!token.startsWith('good')) throw new KubernetesError('unauthorized', { status: 401 });
      const body = JSON.stringify({ status: { userInfo: { username: 'ann', groups } } });
      return { statusCode: 201, headers: {}, body: Readable.from([Buffer.from(body)]) } as never;
    },
    close: async () => {},
  };
}

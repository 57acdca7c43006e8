import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { createReviewBudget } from '../../../../src/http/common/review-budget.ts';
import { ConsoleError } from '../../../../src/web/common/console-error.ts';
import type { ConsoleEnvironment } from '../../../../src/web/routes/dependencies.ts';
import { createProxySessions } from '../../../../src/web/routes/proxy-session.ts';
import { claimedAccount, ReviewLimitError, type ReviewToken } from '../../../../src/web/session/identity.ts';

const now = 1_700_000_000_000;
const jwt = (claims: object) => `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.y`;
const token = jwt({ iss: 'https://idp.example', sub: 'ann', exp: now / 1000 + 600 });

interface Given {
  enabled?: boolean;
  peer?: string;
  headers?: readonly string[];
  reviewToken?: ReviewToken;
}

const accept: ReviewToken = async () => ({ name: 'ann', groups: [] });

/** The response of a page that shows the session, or the error. */
async function request({ enabled = true, peer = '10.0.0.1', headers = [], reviewToken = accept }: Given) {
  const options = {
    ...({ keyPairSignIn: 'off', sessionMinutes: 60, secure: true } as const),
    authenticatingProxy: { enabled },
    trustedProxies: ['10.0.0.0/8'],
  };
  const tokenBudget = createReviewBudget(undefined);
  const sessions = createProxySessions({ options, reviewToken, tokenBudget, now: () => now });
  const app = new Hono<ConsoleEnvironment>();
  app.get('/', async (context) => {
    context.set('logFields', {});
    context.set('clientAddress', '192.0.2.1');
    const session = await sessions.find(context);
    if (!session) sessions.rejectUntrusted(context);
    return context.json({ session: session ?? null });
  });
  app.onError((error, context) => {
    if (error instanceof ConsoleError) return context.json({ error: error.key }, error.status);
    throw error;
  });
  const rawHeaders = headers.flatMap((value) => ['Authorization', value]);
  const init = headers.length === 0 ? {} : { headers: { Authorization: headers.join(', ') } };
  const response = await app.request('/', init, { incoming: { socket: { remoteAddress: peer }, rawHeaders } });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

describe('a bearer token from a trusted proxy', () => {
  test('is a session until the token expires, with the same id for every token of the user', async () => {
    const { body } = await request({ headers: [`Bearer ${token}`] });
    const id = `proxy-${claimedAccount(token)}`;
    expect(body).toEqual({ session: { kind: 'proxy', id, token, expiresAt: now + 600_000 } });
    const refreshed = jwt({ iss: 'https://idp.example', sub: 'ann', exp: now / 1000 + 86_400 });
    const other = await request({ headers: [`Bearer ${refreshed}`], peer: '::ffff:10.0.0.2' });
    expect(other.body).toMatchObject({ session: { id, expiresAt: now + 3_600_000 } });
  });

  test('is rejected if the cluster rejects it, or if it is not a token', async () => {
    const rejected = { status: 401, body: { error: 'rejectedProxyToken' } };
    expect(await request({ headers: [`Bearer ${token}`], reviewToken: async () => undefined })).toMatchObject(rejected);
    expect(await request({ headers: [`Bearer ${'x'.repeat(8_193)}`] })).toMatchObject(rejected);
  });

  test('is rejected with Retry-After after too many rejected tokens', async () => {
    const reviewToken = async () => {
      throw new ReviewLimitError(9);
    };
    const { status, headers, body } = await request({ headers: [`Bearer ${token}`], reviewToken });
    expect([status, headers.get('retry-after'), body]).toEqual([429, '9', { error: 'tooManyFailures' }]);
  });
});

test.each([
  ['no header', []],
  ['another scheme', ['Basic YTpi']],
  ['an empty token', ['Bearer ']],
])('is not a session with %s', async (_name, headers) => {
  expect(await request({ headers })).toMatchObject({ status: 200, body: { session: null } });
});

test('is not a session unless it is enabled', async () => {
  const disabled = { enabled: false, headers: [`Bearer ${token}`] };
  expect(await request(disabled)).toMatchObject({ status: 200, body: { session: null } });
  expect(await request({ ...disabled, peer: '192.0.2.9' })).toMatchObject({ status: 200, body: { session: null } });
});

test('is rejected from another address, without a review', async () => {
  const reviewToken = () => Promise.reject(new Error('reviewed'));
  const answer = await request({ headers: [`Bearer ${token}`], peer: '192.0.2.9', reviewToken });
  expect(answer).toMatchObject({ status: 403, body: { error: 'untrustedProxy' } });
});

import { describe, expect, it } from 'vitest';
import { readTokenResponse } from '../../../../src/cli/token/response.ts';
import type { TokenError } from '../../../../src/cli/token/token-error.ts';

const sentAt = 1_800_000_000_000;
const secret = crypto.randomUUID();
const context = { server: 'https://keys.example.org', isPair: true, sentAt, secrets: [secret] };

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (claims: object) => `${encode({ alg: 'RS256' })}.${encode(claims)}.c2ln`;

function read(status: number, body: unknown, headers: Record<string, string> = {}, isPair = true) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return readTokenResponse({ status, headers, body: text }, { ...context, isPair });
}

function failure(...args: Parameters<typeof read>): TokenError {
  try {
    read(...args);
  } catch (error) {
    return error as TokenError;
  }
  throw new Error('the response was accepted');
}

describe('readTokenResponse', () => {
  it('reads the response of OAuth 2.0', () => {
    const token = jwt({});
    expect(read(200, { access_token: token, token_type: 'Bearer', expires_in: 60 })).toEqual({
      token,
      issuedAt: sentAt,
      expiresAt: sentAt + 60_000,
    });
  });

  it('reads the response of the platform, without trusting the clock of the server', () => {
    expect(read(200, { token: jwt({ iat: 1000, exp: 4600 }) })).toMatchObject({ expiresAt: sentAt + 3_600_000 });
  });

  it.each([
    ['<html>', 200],
    [{}, 200],
    [{ access_token: 'opaque' }, 200],
    [{ access_token: 'opaque', expires_in: 0 }, 200],
    [{ access_token: 'opaque', expires_in: '60' }, 200],
    [{ access_token: 'a\u001b[2J', expires_in: 60 }, 200],
    [{ access_token: 'opaque\nexport PATH=x', expires_in: 60 }, 200],
    ['{"access_token":"opaque","expires_in":1e999}', 200],
    [[], 200],
    ['null', 200],
    ['not found', 404],
  ])('reports that %o with status %d is not from a token server', (body, status) => {
    const error = failure(status, body);
    expect(error.problem).toBe('invalid-response');
    expect(error.message).toBe(`https://keys.example.org does not respond like a token server (status ${status})`);
  });

  it('says what to do about a rejected key pair', () => {
    const error = failure(401, { error: 'invalid_client', error_description: 'the client secret is not valid' });
    expect(error.message).toBe('https://keys.example.org rejects the key pair (401): the client secret is not valid');
    expect(error.problem).toBe('rejected');
    expect(error.hint).toContain('kubectl accesskey get');
  });

  it.each([
    [400, { error: 'invalid_target', error_description: 'audience: unknown' }, 'rejects the request (400): audience'],
    [403, { code: 7, message: 'the client address is not allowed' }, 'rejects the request (403): the client address'],
  ])('repeats the reason of a %d', (status, body, message) => {
    expect(failure(status, body).message).toContain(message);
  });

  it.each([
    [{ error: 'invalid_request', error_description: 'subject_token: must be valid' }, 'rejects the token to exchange'],
    [{ error: 'invalid_target', error_description: 'audience: unknown' }, 'rejects the request'],
  ])('distinguishes a rejected token from a rejected audience: %o', (body, message) => {
    expect(failure(400, body, {}, false).message).toContain(message);
  });

  it('reports how long to wait', () => {
    const error = failure(429, { error: 'invalid_client' }, { 'retry-after': '7' });
    expect(error).toMatchObject({ problem: 'throttled', retryAfterSeconds: 7 });
    expect(error.message).toContain('too many failed attempts (429), try again in 7 s');
  });

  it.each([undefined, 'Wed, 21 Oct 2026 07:28:00 GMT'])('asks to try later for Retry-After %s', (value) => {
    const headers = value === undefined ? undefined : { 'retry-after': value };
    expect(failure(429, {}, headers).message).toContain('try again later');
  });

  it.each([500, 502, 503])('treats %d as unavailable', (status) => {
    expect(failure(status, '<html>')).toMatchObject({ problem: 'unavailable' });
  });

  it('does not follow a redirect', () => {
    expect(failure(307, '').hint).toContain('is not sent to another address');
  });

  it('never repeats a secret that the server repeats, nor control characters', () => {
    const { message } = failure(401, { error_description: `wrong ${secret}\u001b[31m\n\u202ebad` });
    expect(message).not.toContain(secret);
    expect(message).toMatch(/wrong …\?\[31m \?bad$/);
  });
});

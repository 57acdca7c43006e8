import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { PreflightMethod } from '../../../../src/http/common/dependencies.ts';
import { serve } from '../../../../src/http/server/server.ts';
import { accessKey } from '../../../support/builders.ts';
import { basic, createPlatform } from '../support.ts';

const path = '/oauth2/auth';
const user = 'X-Auth-Request-User';
const groups = 'X-Auth-Request-Groups';

async function ask(of: ReturnType<typeof accessKey>, method = 'GET', at = path) {
  const { send, token } = await createPlatform({ of });
  return send(at, { method, headers: { authorization: `Bearer ${await token()}` } });
}

describe('forward-auth', () => {
  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    'returns user and groups for %s',
    async (method) => {
      const answer = await ask(accessKey({ groups: ['dev', 'ops'] }), method);
      expect([answer.status, answer.text]).toEqual([200, '']);
      expect([answer.headers.get(user), answer.headers.get(groups)]).toEqual(['ann', 'dev,ops']);
      expect(answer.headers.get('Cache-Control')).toBe('no-store');
    },
  );

  it('accepts every subpath and query', async () => {
    const answer = await ask(accessKey(), 'GET', `${path}/shop/cart?x=1&x=2`);
    expect([answer.status, answer.headers.get(user)]).toEqual([200, 'ann']);
  });

  it('returns an empty header without groups, so that the gateway overwrites one of the client', async () => {
    expect((await ask(accessKey({ groups: [] }))).headers.get(groups)).toBe('');
  });

  it.each([
    ['a b', 'a b'],
    ['ann@example.com', 'ann@example.com'],
    ['J\u00fcrgen', 'J%C3%BCrgen'],
    ['J%C3%BCrgen', 'J%25C3%25BCrgen'],
    ['\u738b\u5c0f\u660e', '%E7%8E%8B%E5%B0%8F%E6%98%8E'],
    ['a\u2028b', 'a%E2%80%A8b'],
    ['a\u0085b', 'a%C2%85b'],
    // The CRD rejects these names.
    ['a\r\nX-Evil: 1', 'a%0D%0AX-Evil: 1'],
    ['a\tb', 'a%09b'],
    ['\ud800', '%EF%BF%BD'],
    ['a,b', 'a,b'],
  ])('encodes the name %j as %j', async (name, value) => {
    const answer = await ask(accessKey({ user: name }));
    expect([answer.status, answer.headers.get(user)]).toEqual([200, value]);
    expect(answer.headers.get('X-Evil')).toBeNull();
  });

  it('encodes a comma in a group', async () => {
    const answer = await ask(accessKey({ groups: ['a,b', 'a%2Cb', 'c d', '\u00e9'] }));
    expect(answer.headers.get(groups)).toBe('a%2Cb,a%252Cb,c d,%C3%A9');
  });

  it.each<[string, Record<string, string>]>([
    ['no credentials', {}],
    ['an invalid token', { authorization: 'Bearer x' }],
    ['a key pair', { authorization: basic('a', 'b') }],
  ])('returns 401 with a challenge and without a user for %s', async (_, headers) => {
    const { send } = await createPlatform();
    const answer = await send(path, { headers: { ...headers, [user]: 'root' } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('WWW-Authenticate')).toMatch(/^Bearer realm="ghippo.io"/);
    expect([answer.headers.get(user), answer.headers.get(groups)]).toEqual([null, null]);
  });

  it.each<[string, (token: string) => string]>([
    ['two tokens', (token) => `Bearer ${token}, Bearer x`],
    ['the same token twice', (token) => `Bearer ${token}, Bearer ${token}`],
    ['Bearer without a token', () => 'Bearer'],
    ['two words after Bearer', (token) => `Bearer ${token} x`],
    ['an invalid character', (token) => `Bearer ${token}"`],
  ])('returns 401 invalid_request for %s, because nginx turns a 400 into a 500', async (_, headerOf) => {
    const { send, token } = await createPlatform();
    const value = await token();
    const answer = await send(path, { headers: { authorization: headerOf(value) } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer realm="ghippo.io", error="invalid_request"');
    expect(answer.json().message).toMatch(/^Authorization: must be /);
    expect(answer.text).not.toContain(value);
  });

  it.each([
    ['no header', undefined],
    ['another scheme', basic('a', 'b')],
    ['a scheme with the same prefix', 'Bearers x'],
  ])('returns no error code in the challenge for %s (RFC 6750 section 3.1)', async (_, authorization) => {
    const { send } = await createPlatform();
    const answer = await send(path, { headers: { ...(authorization && { authorization }) } });
    expect([answer.status, answer.headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer realm="ghippo.io"']);
  });

  it('returns 503 before the signing keys are loaded', async () => {
    const { send } = await createPlatform({ signingKeys: () => undefined });
    expect((await send(path, { headers: { authorization: 'Bearer x' } })).status).toBe(503);
  });
});

describe('a CORS preflight request', () => {
  const preflight = { origin: 'https://a.example', 'access-control-request-method': 'PUT', [user]: 'admin' };
  const forwarded = { ...preflight, 'x-forwarded-method': 'OPTIONS' };
  const original = { ...preflight, 'x-original-method': 'OPTIONS' };

  it.each<[PreflightMethod, string, Record<string, string>]>([
    ['method', 'OPTIONS', preflight],
    ['X-Forwarded-Method', 'GET', forwarded],
    ['X-Original-Method', 'GET', original],
  ])('passes without a user if the configuration allows it: %s', async (forwardAuthPreflight, method, headers) => {
    const { get } = await createPlatform({ forwardAuthPreflight });
    const answer = await get(`${path}/x`, headers, method);
    expect([answer.status, answer.headers.get(user), answer.headers.get(groups)]).toEqual([200, '', '']);
  });

  it.each<[PreflightMethod | undefined, string, Record<string, string>]>([
    [undefined, 'OPTIONS', preflight],
    ['off', 'OPTIONS', preflight],
    ['off', 'GET', { ...preflight, off: 'OPTIONS' }],
    ['method', 'GET', forwarded],
    ['method', 'GET', original],
    ['method', 'OPTIONS', { origin: 'https://a.example' }],
    ['method', 'OPTIONS', { 'access-control-request-method': 'PUT' }],
    ['X-Forwarded-Method', 'OPTIONS', original],
    ['X-Forwarded-Method', 'GET', { ...preflight, 'x-forwarded-method': 'GET, OPTIONS' }],
    ['X-Original-Method', 'GET', forwarded],
  ])('does not pass with %s, %s and %o', async (forwardAuthPreflight, method, headers) => {
    const { get } = await createPlatform(forwardAuthPreflight && { forwardAuthPreflight });
    expect((await get(path, headers, method)).status).toBe(401);
  });
});

it('responds without the body that a gateway announces', async () => {
  const { app, token } = await createPlatform();
  const server = await serve(app, { address: '127.0.0.1', port: 0 });
  const socket = connect(server.port, '127.0.0.1');
  const headers = `Host: a\r\nAuthorization: Bearer ${await token()}\r\nContent-Length: 100000\r\n`;
  socket.write(`POST ${path} HTTP/1.1\r\n${headers}\r\n`);
  const [chunk] = await once(socket, 'data');
  expect(String(chunk)).toMatch(/^HTTP\/1\.1 200 /);
  socket.destroy();
  await server.close(0);
});

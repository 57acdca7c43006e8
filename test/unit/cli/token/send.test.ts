import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { send } from '../../../../src/cli/token/send.ts';
import { makeCertificate } from '../../../support/certificates.ts';

let server: Server | undefined;
afterEach(() => server?.close());

async function start(listener: RequestListener, tls?: { cert: string; key: string }): Promise<string> {
  server = tls ? createSecureServer(tls, listener) : createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const post = (url: string) => ({ method: 'POST', url, headers: { accept: 'application/json' }, body: 'a=1' }) as const;

describe('send', () => {
  it('sends a request and reads the response', async () => {
    const url = await start(async (request, response) => {
      const body = (await request.toArray()).join('');
      response.writeHead(429, { 'Retry-After': '7' }).end(`${request.method} ${request.url} ${body}`);
    });
    const response = await send(post(`${url}/oauth2/token`), { env: {} });
    expect(response).toMatchObject({ status: 429, body: 'POST /oauth2/token a=1', headers: { 'retry-after': '7' } });
  });

  it('does not follow redirects', async () => {
    const url = await start((_, response) => response.writeHead(307, { location: '/other' }).end());
    expect((await send(post(url), { env: {} })).status).toBe(307);
  });

  it('trusts only the given certificate authority', async () => {
    const { certificate, key } = await makeCertificate('server');
    const url = await start((_, response) => response.end('ok'), { cert: certificate, key });
    expect((await send(post(url), { ca: certificate, env: {} })).body).toBe('ok');
    await expect(send(post(url), { env: {} })).rejects.toMatchObject({
      problem: 'unavailable',
      hint: 'Name the certificate authority with --ca-file.',
    });
  });

  it('does not use a proxy for loopback addresses', async () => {
    const url = await start((_, response) => response.end('direct'));
    expect((await send(post(url), { env: { HTTP_PROXY: 'http://127.0.0.1:1' } })).body).toBe('direct');
  });

  it('uses the proxy of the environment for other addresses', async () => {
    const proxy = await start((request, response) => response.end(`proxied ${request.url}`));
    const response = await send(post('http://keys.example.org/oauth2/token'), { env: { http_proxy: proxy } });
    expect(response.body).toBe('proxied http://keys.example.org/oauth2/token');
  });

  it.each([
    ['http://127.0.0.1:1', 'cannot reach http://127.0.0.1:1: connection refused'],
    ['http://name.invalid', 'cannot reach http://name.invalid:'],
  ])('reports that %s cannot be reached', async (url, message) => {
    await expect(send(post(url), { env: {} })).rejects.toThrow(message);
  });

  it.each([
    ['ends early', (response: { destroy(): void }) => response.destroy()],
    ['is too long', (response: { end(text: string): void }) => response.end('x'.repeat(70_000))],
  ])('rejects a response that %s', async (_, respond) => {
    const url = await start((_request, response) => respond(response as never));
    await expect(send(post(url), { env: {} })).rejects.toThrow(/connection reset|more than 65536 bytes/);
  });
});

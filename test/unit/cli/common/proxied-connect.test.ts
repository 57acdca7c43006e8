/** A connection to the API server through a proxy. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createProxyServer, type IncomingMessage, type Server as ProxyServer } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { connect } from '../../../../src/cli/common/connect.ts';
import { makeCertificate } from '../../../support/certificates.ts';
import { testContext } from '../support.ts';

let directory: string;
let certificate: string;
let key: string;
let server: Server;
let proxy: ProxyServer;
/** What the proxy was asked for, with its credentials. */
let tunnels: [target: string | undefined, authorization: string | undefined][];
/** Status of the responses of the proxy. */
let status: number;

const portOf = (one: Server | ProxyServer) => (one.address() as AddressInfo).port;
const listen = (one: Server | ProxyServer) => new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));

beforeEach(async () => {
  ({ certificate, key } = await makeCertificate('api'));
  server = createServer({ cert: certificate, key }, (request, response) => response.end(request.url));
  await listen(server);
  [tunnels, status] = [[], 200];
  proxy = createProxyServer();
  proxy.on('connect', openTunnel);
  await listen(proxy);
  directory = await mkdtemp(join(tmpdir(), 'cli-proxy-'));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  proxy.close();
  await rm(directory, { recursive: true });
});

function openTunnel({ url, headers }: IncomingMessage, socket: Duplex): void {
  tunnels.push([url, headers['proxy-authorization']]);
  if (status !== 200) {
    socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Length: 0\r\n\r\n`);
    return;
  }
  const upstream = connectSocket(portOf(server), '127.0.0.1');
  socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
  upstream.pipe(socket).pipe(upstream);
  for (const one of [upstream, socket]) one.on('error', () => undefined);
}

const base64 = (value: string) => Buffer.from(value).toString('base64');
const clientCertificate = () => ({ 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) });

async function clusterWith(
  fields: object,
  env: Record<string, string> = {},
  user: object = { token: 'none' },
  more: object = {},
) {
  const cluster = {
    'certificate-authority-data': base64(certificate),
    'tls-server-name': 'localhost',
    ...fields,
  };
  const content = {
    'current-context': 'c',
    clusters: [{ name: 'c', cluster }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    users: [{ name: 'u', user }],
  };
  const kubeconfig = join(directory, 'config');
  await writeFile(kubeconfig, JSON.stringify(content));
  const connected = connect({ kubeconfig }, testContext({ env, ...more }));
  onTestFinished(() => connected.close());
  return connected.transport;
}

const remote = { server: 'https://api.example.org:6443' };

it('uses the proxy of the environment, for calls and watches', async () => {
  const transport = await clusterWith(remote, { HTTPS_PROXY: `http://127.0.0.1:${portOf(proxy)}` });
  const call = await transport.send({ method: 'GET', path: '/version' });
  expect(await text(call.body)).toBe('/version');
  const watch = await transport.send({ method: 'GET', path: '/watch', idleTimeoutMs: 60_000 });
  expect(await text(watch.body)).toBe('/watch');
  expect(tunnels).toEqual([
    ['api.example.org:6443', undefined],
    ['api.example.org:6443', undefined],
  ]);
});

it('prefers proxy-url of the kubeconfig, with its password', async () => {
  const url = `http://user:pass@127.0.0.1:${portOf(proxy)}`;
  const env = { HTTPS_PROXY: 'http://127.0.0.1:1' };
  const transport = await clusterWith({ server: `https://127.0.0.1:${portOf(server)}`, 'proxy-url': url }, env);
  const { body } = await transport.send({ method: 'GET', path: '/version' });
  expect(await text(body)).toBe('/version');
  expect(tunnels).toEqual([[`127.0.0.1:${portOf(server)}`, `Basic ${base64('user:pass')}`]]);
});

it('checks the certificate of the API server', async () => {
  const fields = { ...remote, 'tls-server-name': 'api.example.org' };
  const transport = await clusterWith(fields, { HTTPS_PROXY: `http://127.0.0.1:${portOf(proxy)}` });
  await expect(transport.send({ method: 'GET', path: '/version' })).rejects.toMatchObject({
    cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
  });
});

it('fails if the proxy refuses the connection', async () => {
  status = 403;
  const transport = await clusterWith(remote, { HTTPS_PROXY: `http://127.0.0.1:${portOf(proxy)}` });
  await expect(transport.send({ method: 'GET', path: '/version' })).rejects.toMatchObject({
    cause: { message: expect.stringContaining('403') },
  });
});

describe('a proxy that does not answer', () => {
  beforeEach(() => {
    proxy.removeAllListeners('connect').on('connect', (_, socket) => {
      tunnels.push(['ignored', undefined]);
      onTestFinished(() => void socket.destroy());
    });
  });

  const proxied = (more: object = {}) =>
    clusterWith(remote, { HTTPS_PROXY: `http://127.0.0.1:${portOf(proxy)}` }, { token: 'none' }, more);

  it('fails the request', async () => {
    const transport = await proxied();
    await expect(transport.send({ method: 'GET', path: '/version', timeoutMs: 0 })).rejects.toMatchObject({
      cause: { code: 'UND_ERR_HEADERS_TIMEOUT' },
    });
  });

  it('does not delay the time limit of a call', async () => {
    const transport = await proxied();
    await expect(transport.send({ method: 'GET', path: '/version', timeoutMs: 200 })).rejects.toMatchObject({
      cause: { name: 'TimeoutError' },
    });
  });

  it('does not delay the end of the process', async () => {
    const process = new AbortController();
    const transport = await proxied({ signal: process.signal });
    const call = transport.send({ method: 'GET', path: '/version' });
    call.catch(() => undefined);
    await expect.poll(() => tunnels).toHaveLength(1);
    process.abort(new Error('interrupted'));
    await expect(call).rejects.toThrow('interrupted');
  });
});

describe('an https proxy', () => {
  /** @returns its URL */
  async function secureProxy(options: object, onConnect = openTunnel): Promise<string> {
    const secure = createServer({ cert: certificate, key, ...options }).on('connect', onConnect);
    await listen(secure);
    onTestFinished(() => void secure.close());
    return `https://localhost:${portOf(secure)}`;
  }

  it('may have a certificate of the CA of the cluster, and gets no client certificate', async () => {
    const peers: object[] = [];
    const url = await secureProxy({ requestCert: true, rejectUnauthorized: false }, (request, socket) => {
      peers.push((socket as TLSSocket).getPeerCertificate());
      openTunnel(request, socket);
    });
    const transport = await clusterWith({ ...remote, 'proxy-url': url }, {}, clientCertificate());
    const { body } = await transport.send({ method: 'GET', path: '/version' });
    expect(await text(body)).toBe('/version');
    expect(peers).toEqual([{}]);
  });

  it('gets HTTP/1.1 even if it offers HTTP/2', async () => {
    const protocols: unknown[] = [];
    const url = await secureProxy({ ALPNProtocols: ['h2', 'http/1.1'] }, (request, socket) => {
      protocols.push((socket as TLSSocket).alpnProtocol);
      openTunnel(request, socket);
    });
    const transport = await clusterWith({ ...remote, 'proxy-url': url });
    const { body } = await transport.send({ method: 'GET', path: '/version' });
    expect(await text(body)).toBe('/version');
    expect(protocols).toEqual(['http/1.1']);
  });

  it('is rejected with a certificate of another CA, unless nothing is checked', async () => {
    const { certificate: cert, key: otherKey } = await makeCertificate('other');
    const url = await secureProxy({ cert, key: otherKey });
    const transport = await clusterWith({ ...remote, 'proxy-url': url });
    await expect(transport.send({ method: 'GET', path: '/version' })).rejects.toMatchObject({
      cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    });
    expect(tunnels).toEqual([]);

    const unchecked = { 'certificate-authority-data': undefined, 'insecure-skip-tls-verify': true };
    const trusting = await clusterWith({ ...remote, ...unchecked, 'proxy-url': url });
    const { body } = await trusting.send({ method: 'GET', path: '/version' });
    expect(await text(body)).toBe('/version');
  });
});

it('rejects a proxy that is not supported, without its password', async () => {
  const message = 'the proxy for the API server is not an http or https URL';
  await expect(clusterWith({ ...remote, 'proxy-url': 'socks5://u:secret@127.0.0.1' })).rejects.toThrow(message);
  await expect(clusterWith(remote, { HTTPS_PROXY: 'http://u:secret@:x' })).rejects.toThrow(message);
});

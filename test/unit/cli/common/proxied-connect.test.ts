/** A connection to the API server through a proxy. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createProxyServer, type Server as ProxyServer } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { connect } from '../../../../src/cli/common/connect.ts';
import { makeCertificate } from '../../../support/certificates.ts';
import { testContext } from '../support.ts';

let directory: string;
let certificate: string;
let server: Server;
let proxy: ProxyServer;
/** What the proxy was asked for, with its credentials. */
let tunnels: [target: string | undefined, authorization: string | undefined][];
/** Status of the responses of the proxy. */
let status: number;

const portOf = (one: Server | ProxyServer) => (one.address() as AddressInfo).port;
const listen = (one: Server | ProxyServer) => new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));

beforeEach(async () => {
  const made = await makeCertificate('api');
  ({ certificate } = made);
  server = createServer({ cert: certificate, key: made.key }, (request, response) => response.end(request.url));
  await listen(server);
  [tunnels, status] = [[], 200];
  proxy = createProxyServer();
  proxy.on('connect', ({ url, headers }, socket) => {
    tunnels.push([url, headers['proxy-authorization']]);
    if (status !== 200) {
      socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const upstream = connectSocket(portOf(server), '127.0.0.1');
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    upstream.pipe(socket).pipe(upstream);
    for (const one of [upstream, socket]) one.on('error', () => undefined);
  });
  await listen(proxy);
  directory = await mkdtemp(join(tmpdir(), 'cli-proxy-'));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  proxy.close();
  await rm(directory, { recursive: true });
});

async function clusterWith(fields: object, env: Record<string, string> = {}) {
  const cluster = {
    'certificate-authority-data': Buffer.from(certificate).toString('base64'),
    'tls-server-name': 'localhost',
    ...fields,
  };
  const content = {
    'current-context': 'c',
    clusters: [{ name: 'c', cluster }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    users: [{ name: 'u', user: { token: 'none' } }],
  };
  const kubeconfig = join(directory, 'config');
  await writeFile(kubeconfig, JSON.stringify(content));
  const connected = connect({ kubeconfig }, testContext({ env }));
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
  const credentials = Buffer.from('user:pass').toString('base64');
  expect(tunnels).toEqual([[`127.0.0.1:${portOf(server)}`, `Basic ${credentials}`]]);
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

it('rejects a proxy that is not supported, without its password', async () => {
  const message = 'the proxy for the API server is not an http or https URL';
  await expect(clusterWith({ ...remote, 'proxy-url': 'socks5://u:secret@127.0.0.1' })).rejects.toThrow(message);
  await expect(clusterWith(remote, { HTTPS_PROXY: 'http://u:secret@:x' })).rejects.toThrow(message);
});

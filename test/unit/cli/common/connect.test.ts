import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { connect } from '../../../../src/cli/common/connect.ts';
import { readServerCertificate } from '../../../../src/cli/doctor/read-certificate.ts';
import { makeCertificate } from '../../../support/certificates.ts';
import { testContext } from '../support.ts';

let directory: string;
let server: Server;
let url: string;
let kubeconfig: string;
/** Names that the TLS handshakes have asked for. */
let names: string[];
/** Headers of the last request. */
let headers: IncomingHttpHeaders;

beforeEach(async () => {
  const { certificate, key } = await makeCertificate('api');
  names = [];
  const SNICallback = (name: string, done: (error: null) => void) => {
    names.push(name);
    done(null);
  };
  server = createServer({ cert: certificate, key, SNICallback }, (request, response) => {
    headers = request.headers;
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  directory = await mkdtemp(join(tmpdir(), 'cli-connect-'));
  kubeconfig = join(directory, 'config');
  const ca = Buffer.from(certificate).toString('base64');
  const cluster = { server: url, 'certificate-authority-data': ca, 'tls-server-name': 'other.example.org' };
  const content = {
    'current-context': 'c',
    clusters: [{ name: 'c', cluster }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    users: [{ name: 'u', user: { token: 'none' } }],
  };
  await writeFile(kubeconfig, JSON.stringify(content));
});
afterEach(async () => {
  server.close();
  await rm(directory, { recursive: true });
});

describe('--tls-server-name', () => {
  async function request(tlsServerName?: string) {
    const cluster = connect({ kubeconfig, ...(tlsServerName !== undefined && { tlsServerName }) }, testContext());
    try {
      const { statusCode } = await cluster.transport.send({ method: 'GET', path: '/version' });
      return { statusCode, name: cluster.tlsServerName };
    } finally {
      await cluster.close();
    }
  }

  it('replaces the name of the kubeconfig, which the certificate does not have', async () => {
    expect(await request('localhost')).toEqual({ statusCode: 200, name: 'localhost' });
    expect(names).toEqual(['localhost']);
  });

  it.each([undefined, '', 'third.example.org'])('is checked: %j', async (name) => {
    await expect(request(name)).rejects.toThrow('no valid response from the API server');
  });
});

it('uses KUBECONFIG and the current context if the flags are empty, as kubectl', async () => {
  const cluster = connect({ kubeconfig: '', context: '' }, testContext({ env: { KUBECONFIG: kubeconfig } }));
  expect(cluster.contexts).toEqual(['c']);
  await cluster.close();
});

it('impersonates no user if the flag is empty, as kubectl', async () => {
  const flags = { kubeconfig, tlsServerName: 'localhost' };
  const cluster = connect({ ...flags, as: '' }, testContext());
  onTestFinished(() => cluster.close());
  await cluster.transport.send({ method: 'GET', path: '/version' });
  expect(headers['impersonate-user']).toBeUndefined();
  expect(() => connect({ ...flags, as: '', asGroup: ['a'] }, testContext())).toThrow('--as-group requires --as');
});

it('doctor reads the certificate that the server selects with the name', async () => {
  await readServerCertificate(url, 'localhost');
  await readServerCertificate(url);
  expect(names).toEqual(['localhost']);
});

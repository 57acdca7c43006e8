import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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

beforeEach(async () => {
  const { certificate, key } = await makeCertificate('api');
  names = [];
  const SNICallback = (name: string, done: (error: null) => void) => {
    names.push(name);
    done(null);
  };
  server = createServer({ cert: certificate, key, SNICallback }, (_, response) => response.end('{}'));
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

it('doctor reads the certificate that the server selects with the name', async () => {
  await readServerCertificate(url, 'localhost');
  await readServerCertificate(url);
  expect(names).toEqual(['localhost']);
});

import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { KubeConfig } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { createTokenTransports } from '../../../src/kube/token-transport.ts';
import { makeCertificate } from '../../support/certificates.ts';

test("sends a token without the operator's own token and client certificate", async () => {
  const { certificate, key } = await makeCertificate('server');
  const own = await makeCertificate('operator');
  const seen: unknown[] = [];
  const server = createServer({ cert: certificate, key, requestCert: true, rejectUnauthorized: false });
  server.on('request', (request, response) => {
    const peer = (request.socket as TLSSocket).getPeerCertificate();
    seen.push([request.headers.authorization, Object.keys(peer)]);
    response.end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const kubeconfig = new KubeConfig();
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  kubeconfig.loadFromClusterAndUser(
    {
      name: 'here',
      server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
      skipTLSVerify: false,
      caData: base64(certificate),
    },
    { name: 'operator', certData: base64(own.certificate), keyData: base64(own.key), token: 'the-operators-token' },
  );
  const transports = createTokenTransports(() => kubeconfig, 'test');
  for (const token of ['one', 'two']) await transports.transportFor(token).send({ method: 'GET', path: '/' });
  expect(seen).toEqual([
    ['Bearer one', []],
    ['Bearer two', []],
  ]);
  await transports.close();
  server.close();
});

test('sends a token that is rejected once, and does not read the kubeconfig again', async () => {
  let requests = 0;
  const server = createHttpServer((_, response) => {
    requests += 1;
    response.writeHead(401).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  let loads = 0;
  const transports = createTokenTransports(() => {
    loads += 1;
    const kubeconfig = new KubeConfig();
    // client-node rejects http without skipTLSVerify.
    const cluster = { name: 'here', server: `http://127.0.0.1:${port}`, skipTLSVerify: true };
    kubeconfig.loadFromClusterAndUser(cluster, { name: 'operator' });
    return kubeconfig;
  }, 'test');
  const sent = transports.transportFor('expired').send({ method: 'GET', path: '/' });
  await expect(sent).rejects.toMatchObject({ status: 401 });
  expect([requests, loads]).toEqual([1, 1]);
  await transports.close();
  server.close();
});

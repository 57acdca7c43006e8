import { once } from 'node:events';
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

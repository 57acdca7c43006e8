import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { expect, it, onTestFinished } from 'vitest';
import { createIssuerKeys } from '../../../../src/token/federation/issuer-client.ts';
import { makeCertificate } from '../../../support/certificates.ts';

/** An issuer that publishes one key, with a certificate in the CA file of its client. */
async function startIssuer() {
  const directory = mkdtempSync(join(tmpdir(), 'issuer-'));
  const caFile = join(directory, 'ca.crt');
  const jwk = await exportJWK((await generateKeyPair('ES256', { extractable: true })).publicKey);
  let kid = '';
  const server = createServer((request, response) => {
    const isKeys = request.url === '/keys';
    response.end(
      JSON.stringify(isKeys ? { keys: [{ ...jwk, kid }] } : { issuer: issuer(), jwks_uri: `${issuer()}/keys` }),
    );
  });
  const issuer = () => `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true });
  });
  return {
    issuer: issuer(),
    caFile,
    async renew(nextKid: string) {
      const { certificate, key } = await makeCertificate(nextKid);
      server.setSecureContext({ cert: certificate, key });
      server.closeAllConnections();
      writeFileSync(caFile, certificate);
      kid = nextKid;
    },
  };
}

it('reads the keys of an issuer again with a renewed CA file', async () => {
  const { issuer, caFile, renew } = await startIssuer();
  let now = 0;
  const keys = createIssuerKeys({ issuer, caFile, monotonic: () => now });
  const kid = async () => (await keys()).jwks()?.keys[0]?.kid;
  await renew('first');
  expect(await kid()).toBe('first');
  await renew('second');
  now += 600_000;
  expect(await kid()).toBe('second');
});

it('names a CA file that cannot be read', async () => {
  const keys = createIssuerKeys({ issuer: 'https://127.0.0.1:1', caFile: '/missing/ca.crt' });
  await expect(keys()).rejects.toMatchObject({ kind: 'unavailable', message: 'cannot read /missing/ca.crt: ENOENT' });
});

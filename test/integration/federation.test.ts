/** Keyless access from outside the cluster: a real Dex as trusted issuer. */

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { type Dex, type DexClient, dexUsers, startDex } from '../support/dex.ts';
import { accessKeyManifest, createNamespace } from '../support/platform.ts';

const urn = 'urn:ietf:params:oauth';
const audience = 'ghippo.io';
const client: DexClient = {
  id: audience,
  secret: 'secret-of-dex-client',
  redirectURIs: ['https://127.0.0.1/callback'],
};

let cluster: TestCluster;
let kubectl: Kubectl;
let operator: OperatorProcess;
let dex: Dex;

beforeAll(async () => {
  [cluster, dex] = await Promise.all([startTestCluster(), startDex({ clients: [client] })]);
  kubectl = cluster.kubectl;
  operator = await cluster.startOperator({
    token: {
      trustedIssuers: [{ issuer: dex.issuer, caFile: dex.caFile, audiences: [audience] }],
    },
  });
  await createNamespace(kubectl, 'people');
});
afterAll(async () => {
  await Promise.all([cluster?.stop(), dex?.remove()]);
});

function send(values: Record<string, string>): Promise<Response> {
  return fetch(`${operator.url}/oauth2/token`, { method: 'POST', body: new URLSearchParams(values) });
}
const exchange = (token: string) =>
  send({
    grant_type: `${urn}:grant-type:token-exchange`,
    subject_token: token,
    subject_token_type: `${urn}:token-type:jwt`,
  });
const grant = (assertion: string) => send({ grant_type: `${urn}:grant-type:jwt-bearer`, assertion });

const apply = (user: string, federated: object[], ...args: string[]) => {
  const manifest = accessKeyManifest('people', user, { user: { name: user, groups: ['team'] }, keyPairs: [] });
  return kubectl.apply({ ...manifest, spec: { ...manifest.spec, federated } }, ...args);
};

describe('a user of Dex', () => {
  test('gets a token, also after Dex was down and has rotated its keys', async () => {
    const before = await dex.idToken(dexUsers.alice, client);
    const subject = String(decodeJwt(before).sub);
    await apply('alice', [{ issuer: dex.issuer, subject, audience }]);
    await poll('the exchange', async () => (await exchange(before)).status === 200);
    const { access_token } = (await (await grant(before)).json()) as { access_token: string };
    expect(decodeJwt(access_token)).toMatchObject({
      preferred_username: 'alice',
      client_id: `${dex.issuer}#${subject}`,
    });

    await dex.stop();
    expect((await exchange(before)).status).toBe(200);
    await dex.start();
    const after = await dex.idToken(dexUsers.alice, client);
    await poll('the new keys', async () => (await exchange(after)).status === 200, 60_000);
    expect((await exchange(await dex.idToken(dexUsers.bob, client))).status).toBe(400);
  });
});

test('naming a subject requires permission to impersonate the user, as the rest of the spec does', async () => {
  await kubectl.run(['create', 'rolebinding', 'eve', '--clusterrole=edit', '--user=eve', '-n', 'people']);
  await poll('the rights of eve', () =>
    kubectl.run(['auth', 'can-i', 'create', 'accesskeys.ghippo.io', '-n', 'people', '--as=eve']).then(
      () => true,
      () => false,
    ),
  );
  const own = { issuer: 'https://evil.example.org', subject: 'eve', audience };
  await expect(apply('alice', [own], '--dry-run=server', '--as=eve')).rejects.toThrow('cannot impersonate that user');
});

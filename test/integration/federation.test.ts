/** Keyless access from outside the cluster: a real Dex, and a second kube-apiserver, as trusted issuers. */

import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { Agent, fetch as undiciFetch } from 'undici';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type ControlPlane, startControlPlane } from '../../tools/control-plane/control-plane.ts';
import { freePorts } from '../../tools/control-plane/ports.ts';
import { createKubectl, type Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { makeCertificate } from '../support/certificates.ts';
import { startCli } from '../support/cli-process.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { type Dex, type DexClient, dexUsers, startDex } from '../support/dex.ts';
import { accessKeyManifest, createNamespace, listDeployments } from '../support/platform.ts';

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
/** Another cluster, whose ServiceAccounts get tokens here. */
let remote: ControlPlane;
let remoteIssuer: string;
let proxy: Server;

beforeAll(async () => {
  const [port = 0] = await freePorts(1);
  remoteIssuer = `https://127.0.0.1:${port}`;
  [cluster, dex, remote] = await Promise.all([
    startTestCluster(),
    startDex({ clients: [client] }),
    startControlPlane({
      apiServerArguments: [
        `--service-account-issuer=${remoteIssuer}`,
        `--service-account-jwks-uri=${remoteIssuer}/openid/v1/jwks`,
      ],
    }),
  ]);
  kubectl = cluster.kubectl;
  const caFile = join(cluster.directory, 'remote-ca.crt');
  proxy = await publish(remote, port, caFile);
  const there = createKubectl(remote.kubectl, remote.kubeconfig);
  const discovery = ['--clusterrole=system:service-account-issuer-discovery', '--group=system:unauthenticated'];
  await there.run(['create', 'clusterrolebinding', 'discovery', ...discovery]);
  await there.run(['create', 'sa', 'deployer', '-n', 'default']);
  operator = await cluster.startOperator({
    token: {
      trustedIssuers: [
        { issuer: dex.issuer, caFile: dex.caFile, audiences: [audience] },
        { issuer: remoteIssuer, caFile, audiences: [audience] },
      ],
    },
  });
  await createNamespace(kubectl, 'people');
});
afterAll(async () => {
  proxy?.close();
  proxy?.closeAllConnections();
  await Promise.all([cluster?.stop(), dex?.remove(), remote?.stop()]);
});

/** Publishes the discovery documents of a cluster at another address, as an ingress does. */
async function publish(of: ControlPlane, port: number, caFile: string): Promise<Server> {
  const { certificate, key } = await makeCertificate('remote');
  await writeFile(caFile, certificate);
  const dispatcher = new Agent({ connect: { ca: of.certificateAuthority } });
  const server = createServer({ cert: certificate, key }, async (request, response) => {
    const answer = await undiciFetch(of.server + request.url, { dispatcher });
    response.writeHead(answer.status).end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}

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
const remoteToken = async (tokenAudience = audience) =>
  (
    await createKubectl(remote.kubectl, remote.kubeconfig).run([
      ...['create', 'token', 'deployer', '-n', 'default', `--audience=${tokenAudience}`],
    ])
  ).trim();

describe('a ServiceAccount of another cluster', () => {
  const named = () => ({ issuer: remoteIssuer, subject: 'system:serviceaccount:default:deployer', audience });

  test('gets a token of the user, with both grants, as long as the AccessKey names it', async () => {
    await apply('dana', [named()]);
    const token = await remoteToken();
    await poll('the exchange', async () => (await exchange(token)).status === 200);
    const answers = [await exchange(token), await grant(token)];
    for (const answer of answers) {
      const { access_token } = (await answer.json()) as { access_token: string };
      expect(decodeJwt(access_token)).toMatchObject({ preferred_username: 'dana', groups: ['team'] });
      // Without permissions.
      expect((await listDeployments(operator.url, access_token)).status).toBe(403);
    }
    expect((await exchange(await remoteToken('other'))).status).toBe(400);
    expect((await exchange(`${token.slice(0, -20)}${'A'.repeat(20)}`)).status).toBe(400);
  });

  test('gets one from kubectl accesskey agent, which keeps it if a later exchange is rejected', async () => {
    const [subjectFile, tokenFile] = [join(cluster.directory, 'subject'), join(cluster.directory, 'token-of-agent')];
    await writeFile(subjectFile, await remoteToken());
    const flags = ['--server', operator.url, '--subject-token-file', subjectFile, '--token-file', tokenFile];
    const agent = await startCli(['agent', ...flags]);
    onTestFinished(async () => void (await agent.stop('SIGKILL')));
    const read = () => readFile(tokenFile, 'utf8');
    const first = await poll('the token', read);
    expect(decodeJwt(first)).toMatchObject({ preferred_username: 'dana', groups: ['team'] });

    const renewed = await remoteToken();
    await writeFile(subjectFile, renewed);
    const second = await poll('the next token', async () => ((await read()) === first ? false : read()));

    await writeFile(subjectFile, await remoteToken('other'));
    expect(await agent.logged('keeping the current one')).toContain('rejects the token to exchange (400)');
    expect(await read()).toBe(second);
    expect(await agent.stop()).toBe(0);
    for (const secret of [renewed, first, second]) expect(agent.output.join()).not.toContain(secret);
  });

  test('gets none if two AccessKeys name it', async () => {
    await apply('eric', [named()]);
    const token = await remoteToken();
    await poll('the conflict', async () => (await exchange(token)).status === 400);
    await operator.logged('several live AccessKeys name the subject');
    await kubectl.run(['delete', 'accesskey', 'eric', '-n', 'people']);
    await poll('the exchange', async () => (await exchange(token)).status === 200);
  });
});

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
    await poll('the new keys', async () => (await exchange(after)).status === 200);
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

/**
 * Verification by other software: kube-apiserver with structured authentication (KEP-3331), openid-client with discovery.
 */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import * as oauth from 'openid-client';
import { Agent, fetch as undiciFetch } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateSigningKeys } from '../../src/token/keys/signing-keys.ts';
import { createKubectl, type Kubectl } from '../../tools/kubectl.ts';
import { poll } from '../../tools/poll.ts';
import { keyPolicy } from '../support/builders.ts';
import type { TestCluster } from '../support/cluster.ts';
import { kubeconfigText } from '../support/kubeconfig.ts';
import { accessKeyManifest, createNamespace, createPair, type Pair } from '../support/platform.ts';
import { startTrustingCluster, type TrustingCluster } from '../support/trusting-cluster.ts';

let running: TrustingCluster;
let directory: string;
let issuer: string;
let audience: string;
let cluster: TestCluster;
let kubectl: Kubectl;
let pair: Pair;
/** fetch that trusts the operator's certificate. */
let trusting: oauth.CustomFetch;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'accesskey-verifiers-'));
  running = await startTrustingCluster(directory);
  ({ cluster, issuer, audience } = running);
  ({ kubectl } = cluster);
  const dispatcher = new Agent({ connect: { ca: running.certificate } });
  trusting = (url, options) =>
    undiciFetch(url, { ...options, dispatcher } as Parameters<typeof undiciFetch>[1]) as unknown as Promise<Response>;
  await createNamespace(kubectl, 'people');
  await createNamespace(kubectl, 'shop');
  pair = await createPair(
    kubectl,
    accessKeyManifest('people', 'alice', { user: { name: 'alice', groups: ['shop-developers'] } }),
  );
  await kubectl.run(['create', 'rolebinding', 'dev', '-n', 'shop', '--clusterrole=view', '--group=shop-developers']);
});
afterAll(async () => {
  await running?.stop();
});

async function discover(): Promise<oauth.Configuration> {
  const options = { [oauth.customFetch]: trusting };
  return oauth.discovery(new URL(issuer), pair.ak, undefined, oauth.ClientSecretBasic(pair.sk), options);
}

async function getToken(): Promise<string> {
  return (await oauth.clientCredentialsGrant(await discover())).access_token;
}

/** Runs kubectl with only a token. */
async function kubectlWith(token: string): Promise<Kubectl> {
  const file = join(directory, 'token.kubeconfig');
  await writeFile(file, kubeconfigText(cluster.controlPlane, { token }));
  return createKubectl(cluster.controlPlane.kubectl, file);
}

interface WhoAmI {
  status: { userInfo: { username: string; uid: string; groups: string[] } };
}

async function whoAmI(token: string): Promise<WhoAmI['status']['userInfo']> {
  const alice = await kubectlWith(token);
  const answer = await alice.run(['auth', 'whoami', '-o', 'json']);
  return (JSON.parse(answer) as WhoAmI).status.userInfo;
}

describe('openid-client', () => {
  test('gets a token by client_credentials through discovery', async () => {
    const answer = await oauth.clientCredentialsGrant(await discover());
    expect(answer).toMatchObject({ token_type: 'bearer', expires_in: 259_200 });
    expect(decodeProtectedHeader(answer.access_token)).toMatchObject({ alg: 'RS256', typ: 'JWT' });
  });

  test('introspects it', async () => {
    const active = await oauth.tokenIntrospection(await discover(), await getToken());
    expect(active).toMatchObject({ active: true, iss: issuer, username: 'alice', aud: audience, client_id: pair.ak });
    expect(await oauth.tokenIntrospection(await discover(), 'e30.e30.e30')).toEqual({ active: false });
  });

  test('gets an error of RFC 6749 for a wrong pair', async () => {
    const wrong = oauth.ClientSecretBasic(crypto.randomUUID());
    const options = { [oauth.customFetch]: trusting };
    const client = await oauth.discovery(new URL(issuer), pair.ak, undefined, wrong, options);
    await expect(oauth.clientCredentialsGrant(client)).rejects.toMatchObject({
      name: 'WWWAuthenticateChallengeError',
      status: 401,
      cause: [{ scheme: 'basic' }],
    });
  });
});

describe('kube-apiserver', () => {
  test('authenticates the user and groups of a token', async () => {
    const token = await getToken();
    // It fetches the keys once the issuer is reachable.
    const user = await poll('the API server to trust the issuer', () => whoAmI(token), 90_000);
    expect(user.username).toBe('alice');
    expect(user.groups.toSorted()).toEqual(['shop-developers', 'system:authenticated']);
    const { metadata } = await kubectl.get<{ metadata: { uid: string } }>('accesskey', 'alice', '-n', 'people');
    expect(user.uid).toBe(metadata.uid);
  });

  test('applies RBAC to the user', async () => {
    const alice = await kubectlWith(await getToken());
    expect(await alice.run(['get', 'deployments', '-n', 'shop'])).toBe('');
    await expect(alice.run(['get', 'deployments', '-n', 'people'])).rejects.toThrow(/User "alice" cannot list/);
    await expect(alice.run(['get', 'secrets', '-n', 'shop'])).rejects.toThrow(/forbidden/);
  });

  test('accepts tokens of the next key after a revocation, since the key was published before', async () => {
    const { kid } = decodeProtectedHeader(await getToken());
    const secret = ['secret', 'accesskey-operator-signing-keys', '-n', 'accesskey-system'];
    await kubectl.run(['annotate', ...secret, `ghippo.io/revoke-signing-key=${kid}`]);
    const after = await poll('a token of another key', async () => {
      const token = await getToken();
      return decodeProtectedHeader(token).kid !== kid && token;
    });
    expect((await whoAmI(after)).username).toBe('alice');
  });

  /** A token of an operator with these settings, which publishes the same keys. */
  async function tokenOf(token: object): Promise<string> {
    const operator = await cluster.startOperator({ token: { issuer, audience, ...token } });
    return poll('a token', async () => {
      const { ak, sk } = pair;
      const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: ak, client_secret: sk });
      const answer = await fetch(`${operator.url}/oauth2/token`, { method: 'POST', body });
      return answer.ok && ((await answer.json()) as { access_token: string }).access_token;
    });
  }

  test('does not check typ: it also accepts a token with the profile of RFC 9068', async () => {
    const token = await tokenOf({ type: 'at+jwt' });
    expect(decodeProtectedHeader(token).typ).toBe('at+jwt');
    expect((await whoAmI(token)).username).toBe('alice');
  });

  test('rejects a modified token', async () => {
    const [header, payload, signature = ''] = (await getToken()).split('.');
    const changed = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    await expect(whoAmI(`${header}.${payload}.${changed}`)).rejects.toThrow(/must be logged in|Unauthorized/);
  });

  // Last, because it replaces the signing keys.
  test.each(['EdDSA', 'Ed25519'] as const)(
    'rejects a token signed with %s, although its key is published',
    async (algorithm) => {
      const keys = await generateSigningKeys(new Date(), { ...keyPolicy, algorithm });
      const data = { 'keys.json': Buffer.from(keys).toString('base64') };
      const secret = ['secret', 'accesskey-operator-signing-keys', '-n', 'accesskey-system'];
      await kubectl.run(['patch', ...secret, '--type=merge', '-p', JSON.stringify({ data })]);
      const token = await poll('a token of the new key', async () => {
        const one = await getToken();
        return decodeProtectedHeader(one).alg === algorithm && one;
      });
      const options = { method: 'GET', headers: {}, body: undefined, redirect: 'manual' } as const;
      const published = (await (await trusting(`${issuer}/.well-known/jwks.json`, options)).json()) as JSONWebKeySet;
      await jwtVerify(token, createLocalJWKSet(published), { issuer, audience });
      await expect(whoAmI(token)).rejects.toThrow(/must be logged in|Unauthorized/);
    },
  );
});

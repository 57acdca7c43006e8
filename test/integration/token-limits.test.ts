/** Shorter and narrower tokens on a real control plane: the fields of a key pair that limit its tokens. */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import {
  accessKeyManifest,
  createNamespace,
  createPair,
  getToken,
  listDeployments,
  type Pair,
} from '../support/platform.ts';

const namespace = 'people';

let cluster: TestCluster;
let kubectl: Kubectl;
let operator: OperatorProcess;

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  operator = await cluster.startOperator({
    token: { maxCycle: 3, lifetime: '2h' },
    http: { address: '127.0.0.1', plain: true, port: 0, trustedProxies: ['127.0.0.0/8', '::1/128'] },
  });
  await createNamespace(kubectl, namespace);
  const users = ['anna', 'olga'].map((user) => `--user=${user}`);
  await kubectl.run(['create', 'clusterrolebinding', 'viewers', '--clusterrole=view', ...users]);
});
afterAll(() => cluster?.stop());

/** Applies an AccessKey of the user with one key pair. */
const apply = (user: string, pair: object) =>
  createPair(kubectl, accessKeyManifest(namespace, user, { keyPairs: [{ name: 'main', ...pair }] }));
const basic = ({ ak, sk }: Pair) => `Basic ${Buffer.from(`${ak}:${sk}`).toString('base64')}`;

/** Requests a token at the OAuth 2.0 endpoint. */
function request(
  pair: Pair,
  values: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<Response> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...values });
  return fetch(`${operator.url}/oauth2/token`, {
    method: 'POST',
    body,
    headers: { authorization: basic(pair), ...headers },
  });
}

function secondsOf(token: string): number {
  const { iat = 0, exp = 0 } = decodeJwt(token);
  return exp - iat;
}

describe('tokenLifetime', () => {
  test.each([
    ['alan', {}, 2 * 3_600, 3 * 86_400],
    ['adam', { tokenLifetime: '10m' }, 600, 600],
    ['abel', { tokenLifetime: '999999h' }, 3 * 86_400, 3 * 86_400],
  ])('of %s: %j', async (user, fields, oauthSeconds, platformSeconds) => {
    const pair = await apply(user, fields);
    expect(secondsOf(await getToken(operator.url, pair))).toBe(platformSeconds);
    expect(secondsOf(await getToken(operator.url, pair, '&cycle=1'))).toBe(86_400);
    const { access_token } = (await (await request(pair)).json()) as { access_token: string };
    expect(secondsOf(access_token)).toBe(oauthSeconds);
  });
});

describe('tokensNotBefore', () => {
  const authorize = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
  /** The status of the token at every entry point that verifies tokens. */
  async function statuses(token: string, pair: Pair): Promise<unknown[]> {
    const [listing, forwardAuth, introspection, byToken] = await Promise.all([
      listDeployments(operator.url, token),
      fetch(`${operator.url}/oauth2/auth`, authorize(token)),
      introspect(token, basic(pair)),
      introspect(token, `Bearer ${token}`),
    ]);
    const { active } = (await introspection.json()) as { active: boolean };
    return [listing.status, forwardAuth.status, active, byToken.status];
  }
  const introspect = (token: string, authorization: string) =>
    fetch(`${operator.url}/oauth2/introspect`, {
      method: 'POST',
      body: new URLSearchParams({ token }),
      headers: { authorization },
    });

  test('revokes the issued tokens of one key pair, which immediately gets new ones', async () => {
    const pair = await apply('anna', {});
    const other = await apply('olga', {});
    const [revoked, kept] = [await getToken(operator.url, pair), await getToken(operator.url, other)];
    expect(await statuses(revoked, pair)).toEqual([200, 200, true, 200]);

    const tokensNotBefore = new Date(Math.ceil(Date.now() / 1000) * 1000).toISOString();
    await apply('anna', { tokensNotBefore });
    await poll('the token to stop', async () => (await listDeployments(operator.url, revoked)).status === 401);
    expect(await statuses(revoked, pair)).toEqual([401, 401, false, 401]);
    expect(await statuses(await getToken(operator.url, pair), pair)).toEqual([200, 200, true, 200]);
    expect(await statuses(kept, other)).toEqual([200, 200, true, 200]);
  });

  test('a time in the future stops the key pair until then', async () => {
    const pair = await apply('abby', {});
    await getToken(operator.url, pair);
    await apply('abby', { tokensNotBefore: '2100-01-01T00:00:00Z' });
    await poll('the key pair to stop', async () => (await request(pair)).status === 401);
    await apply('abby', { tokensNotBefore: '2000-01-01T00:00:00Z' });
    await getToken(operator.url, pair);
  });
});

describe('allowedCIDRs', () => {
  const allowedCIDRs = ['192.0.2.0/24', '2001:db8::/32'];
  const from = (address: string) => ({ 'x-forwarded-for': address });

  test('limit where a key pair and its tokens can be used, at once after they change', async () => {
    const pair = await apply('ines', { allowedCIDRs });
    await poll('the key pair', async () => (await request(pair, {}, from('192.0.2.1'))).status === 200);
    const refused = await request(pair, {}, from('198.51.100.1'));
    expect([refused.status, await refused.json()]).toEqual([
      400,
      { error: 'invalid_grant', error_description: 'the key pair must not be used from this address' },
    ]);
    expect((await request(pair, {}, from('2001:db8::1'))).status).toBe(200);

    const { access_token } = (await (await request(pair, {}, from('192.0.2.1'))).json()) as { access_token: string };
    const authorization = `Bearer ${access_token}`;
    const status = async (address: string) =>
      (await fetch(`${operator.url}/oauth2/auth`, { headers: { authorization, ...from(address) } })).status;
    expect([await status('192.0.2.1'), await status('198.51.100.1')]).toEqual([200, 403]);
    await apply('ines', { allowedCIDRs: ['198.51.100.0/24'] });
    await poll('the new networks', async () => (await status('198.51.100.1')) === 200);
    expect(await status('192.0.2.1')).toBe(403);
    await operator.logged('allowedCIDRs do not contain the client address');
  });
});

describe('spec.audiences', () => {
  const audiences = ['https://shop.example.org', 'kubernetes'];
  const audOf = async (answer: Response) => {
    const { access_token, error } = (await answer.json()) as { access_token?: string; error?: string };
    return access_token === undefined ? error : decodeJwt(access_token).aud;
  };

  test('a request selects one of them', async () => {
    const pair = await createPair(
      kubectl,
      accessKeyManifest(namespace, 'aude', { audiences, user: { name: 'aude' }, keyPairs: [{ name: 'main' }] }),
    );
    await getToken(operator.url, pair);
    expect(await audOf(await request(pair))).toBeUndefined();
    expect(await audOf(await request(pair, { resource: 'https://shop.example.org' }))).toBe('https://shop.example.org');
    expect(await audOf(await request(pair, { audience: 'kubernetes' }))).toBe('kubernetes');
    expect(await audOf(await request(pair, { audience: 'kubernetes', resource: 'https://shop.example.org' }))).toBe(
      'invalid_target',
    );
    expect(await audOf(await request(pair, { audience: 'other' }))).toBe('invalid_target');
    expect(decodeJwt(await getToken(operator.url, pair, '&audience=kubernetes')).aud).toBe('kubernetes');
  });
});

/** Shorter and narrower tokens on a real control plane: the fields of a key pair that limit its tokens. */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { accessKeyManifest, createNamespace, createPair, getToken, type Pair } from '../support/platform.ts';

const namespace = 'people';

let cluster: TestCluster;
let kubectl: Kubectl;
let operator: OperatorProcess;

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  operator = await cluster.startOperator({ token: { maxCycle: 3, lifetime: '2h' } });
  await createNamespace(kubectl, namespace);
});
afterAll(() => cluster?.stop());

/** Applies an AccessKey of the user with one key pair. */
const apply = (user: string, pair: object) =>
  createPair(kubectl, accessKeyManifest(namespace, user, { keyPairs: [{ name: 'main', ...pair }] }));
const basic = ({ ak, sk }: Pair) => `Basic ${Buffer.from(`${ak}:${sk}`).toString('base64')}`;

/** Requests a token at the OAuth 2.0 endpoint. */
function request(pair: Pair, values: Record<string, string> = {}): Promise<Response> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...values });
  return fetch(`${operator.url}/oauth2/token`, { method: 'POST', body, headers: { authorization: basic(pair) } });
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

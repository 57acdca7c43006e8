/** The steps of a user: get the key pair from the Secret, exchange it for a token, verify it, and list deployments. */
import { strict as assert } from 'node:assert';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import type { Kubectl } from '../kubectl.ts';

const tokenPath = '/apis/ghippo.io/v1alpha1/token';
const jwksPath = '/apis/ghippo.io/v1alpha1/certs';
const deploymentsPath = '/apis/kpanda.io/v1alpha1/clusters/kpanda-global-cluster/deployments';

interface Listing {
  items: { metadata: { namespace: string; name: string }; status: { state: string; readyReplicas: number } }[];
  pagination: { total: number; page: number; pageSize: number };
}

type Print = (line?: string) => void;

/**
 * Performs the steps and prints each command with its response. Secrets are shortened.
 *
 * @throws AssertionError if a response differs from the expected one
 */
export async function showTour(kubectl: Kubectl, url: string, print: Print): Promise<void> {
  await kubectl.run(['wait', '--for=condition=Ready', 'accesskey/alice', '-n', 'people', '--timeout=60s']);
  for (const namespace of ['shop', 'billing']) {
    await kubectl.run(['wait', '--for=condition=Available', 'deployment', '--all', '-n', namespace, '--timeout=120s']);
  }
  await showAccessKeys(kubectl, print);
  const pair = await showSecret(kubectl, print);
  const token = await showToken(url, pair, print);
  await showVerification(url, token, print);
  await showListing(url, token, print);
  await showWrongKey(url, pair.ak, print);
}

async function showAccessKeys(kubectl: Kubectl, print: Print): Promise<void> {
  const output = await kubectl.run(['get', 'accesskeys', '--all-namespaces']);
  print(`$ kubectl get accesskeys --all-namespaces\n${output}`);
  assert.match(output, /people\s+alice\s+alice\s+True\s+2\/2\s+2099-01-01T00:00:00Z\s+KeyPairsReady/);
}

async function showSecret(kubectl: Kubectl, print: Print): Promise<{ ak: string; sk: string }> {
  const secret = await kubectl.get<{ type: string; data: Record<string, string> }>(
    'secret',
    'alice-ci',
    '-n',
    'people',
  );
  const decode = (value = '') => Buffer.from(value, 'base64').toString('utf8');
  const pair = { ak: decode(secret.data.ak), sk: decode(secret.data.sk) };
  print('$ kubectl get secret alice-ci -n people -o yaml   # decoded, the sk is shortened');
  print(`type: ${secret.type}\nak: ${pair.ak}\nsk: ${shorten(pair.sk)}\n`);
  assert.equal(secret.type, 'ghippo.io/access-key');
  return pair;
}

async function showToken(url: string, { ak, sk }: { ak: string; sk: string }, print: Print) {
  const response = await requestToken(url, { ak, sk });
  const { token } = (await response.json()) as { token: string };
  print(`$ curl -X POST -u "${ak}:${shorten(sk)}" "${url}${tokenPath}?cycle=1"`);
  print(`${JSON.stringify({ token: shorten(token) })}\n`);
  assert.equal(response.status, 200);
  return token;
}

async function showVerification(url: string, token: string, print: Print): Promise<void> {
  const keys = createRemoteJWKSet(new URL(jwksPath, url));
  const { payload } = await jwtVerify(token, keys, { issuer: 'ghippo.io', algorithms: ['RS256'] });
  const header = decodeProtectedHeader(token);
  print(`Header and claims of the token, verified with the JWKS from ${jwksPath}:`);
  print(`${JSON.stringify(header, null, 2)}\n${JSON.stringify(payload, null, 2)}\n`);
  assert.deepEqual(Object.keys(header).sort(), ['alg', 'kid', 'typ']);
  assert.equal(payload.preferred_username, 'alice');
  assert.deepEqual(payload.groups, ['shop-developers']);
  assert.equal(Number(payload.exp) - Number(payload.iat), 86_400);
}

async function showListing(url: string, token: string, print: Print): Promise<void> {
  const response = await fetch(`${url}${deploymentsPath}`, { headers: { authorization: `Bearer ${token}` } });
  const listing = (await response.json()) as Listing;
  print(`$ curl -H "Authorization: Bearer $TOKEN" "${url}${deploymentsPath}"   # main fields of each item`);
  for (const { metadata, status } of listing.items) {
    print(`  ${metadata.namespace}/${metadata.name}: ${status.state}, ${status.readyReplicas} ready`);
  }
  print(`  pagination: ${JSON.stringify(listing.pagination)}`);
  print('alice sees only the namespace shop.\n');
  assert.equal(response.status, 200);
  const names = listing.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  assert.deepEqual(names, ['shop/cart', 'shop/frontend'], 'alice must see only the deployments in the namespace shop');
  assert.equal(listing.pagination.total, 2);
}

async function showWrongKey(url: string, ak: string, print: Print): Promise<void> {
  const response = await requestToken(url, { ak, sk: 'wrong' });
  print(`$ curl -X POST -u "${ak}:wrong" "${url}${tokenPath}?cycle=1"\n${response.status} ${await response.text()}`);
  print('A wrong sk is rejected.\n');
  assert.equal(response.status, 401);
}

/** Sends the key pair in a header, because every proxy logs the URL. */
function requestToken(url: string, { ak, sk }: { ak: string; sk: string }): Promise<Response> {
  const authorization = `Basic ${Buffer.from(`${ak}:${sk}`).toString('base64')}`;
  return fetch(`${url}${tokenPath}?cycle=1`, { method: 'POST', headers: { authorization } });
}

function shorten(secret: string): string {
  return `${secret.slice(0, 8)}…`;
}

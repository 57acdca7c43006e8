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

/**
 * Does what a user does and shows each command with its real answer.
 *
 * @param say receives what a person reads, a line or several at a time; of secrets only the first characters
 * @throws AssertionError when an answer is not as it must be
 */
export async function showTour(kubectl: Kubectl, url: string, say: (line?: string) => void): Promise<void> {
  await kubectl.run(['wait', '--for=condition=Ready', 'accesskey/alice', '-n', 'people', '--timeout=60s']);
  for (const namespace of ['shop', 'billing']) {
    await kubectl.run(['wait', '--for=condition=Available', 'deployment', '--all', '-n', namespace, '--timeout=120s']);
  }
  await showAccessKeys(kubectl, say);
  const pair = await showSecret(kubectl, say);
  const token = await showToken(url, pair, say);
  await showDecoded(url, token, say);
  await showListing(url, token, say);
  await showRefusal(url, pair.ak, say);
}

async function showAccessKeys(kubectl: Kubectl, say: (line?: string) => void): Promise<void> {
  const output = await kubectl.run(['get', 'accesskeys', '--all-namespaces']);
  say(`$ kubectl get accesskeys --all-namespaces\n${output}`);
  assert.match(output, /people\s+alice\s+alice\s+True\s+KeyPairsReady/);
}

async function showSecret(kubectl: Kubectl, say: (line?: string) => void): Promise<{ ak: string; sk: string }> {
  const secret = await kubectl.get<{ type: string; data: Record<string, string> }>(
    'secret',
    'alice-ci',
    '-n',
    'people',
  );
  const decode = (value = '') => Buffer.from(value, 'base64').toString('utf8');
  const pair = { ak: decode(secret.data.ak), sk: decode(secret.data.sk) };
  say('$ kubectl get secret alice-ci -n people -o yaml   # decoded, the sk shortened');
  say(`type: ${secret.type}\nak: ${pair.ak}\nsk: ${shorten(pair.sk)}\n`);
  assert.equal(secret.type, 'ghippo.io/access-key');
  return pair;
}

async function showToken(url: string, { ak, sk }: { ak: string; sk: string }, say: (line?: string) => void) {
  const answer = await fetch(`${url}${tokenPath}?ak=${ak}&sk=${sk}&cycle=1`);
  const { token } = (await answer.json()) as { token: string };
  say(`$ curl "${url}${tokenPath}?ak=${ak}&sk=${shorten(sk)}&cycle=1"`);
  say(`${JSON.stringify({ token: shorten(token) })}\n`);
  assert.equal(answer.status, 200);
  return token;
}

async function showDecoded(url: string, token: string, say: (line?: string) => void): Promise<void> {
  const keys = createRemoteJWKSet(new URL(jwksPath, url));
  const { payload } = await jwtVerify(token, keys, { issuer: 'ghippo.io', algorithms: ['RS256'] });
  const header = decodeProtectedHeader(token);
  say(`The token, verified with the keys from ${jwksPath}:`);
  say(`${JSON.stringify(header, null, 2)}\n${JSON.stringify(payload, null, 2)}\n`);
  assert.deepEqual(Object.keys(header).sort(), ['alg', 'kid', 'typ']);
  assert.equal(payload.preferred_username, 'alice');
  assert.deepEqual(payload.groups, ['shop-developers']);
  assert.equal(Number(payload.exp) - Number(payload.iat), 86_400);
}

async function showListing(url: string, token: string, say: (line?: string) => void): Promise<void> {
  const answer = await fetch(`${url}${deploymentsPath}`, { headers: { authorization: `Bearer ${token}` } });
  const listing = (await answer.json()) as Listing;
  say(`$ curl -H "Authorization: Bearer $TOKEN" "${url}${deploymentsPath}"   # the main fields of each item`);
  for (const { metadata, status } of listing.items) {
    say(`  ${metadata.namespace}/${metadata.name}: ${status.state}, ${status.readyReplicas} ready`);
  }
  say(`  pagination: ${JSON.stringify(listing.pagination)}\n`);
  assert.equal(answer.status, 200);
  const names = listing.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  assert.deepEqual(names, ['shop/cart', 'shop/frontend'], 'alice sees the namespace shop and nothing else');
  assert.equal(listing.pagination.total, 2);
}

async function showRefusal(url: string, ak: string, say: (line?: string) => void): Promise<void> {
  const answer = await fetch(`${url}${tokenPath}?ak=${ak}&sk=wrong`);
  say(`$ curl "${url}${tokenPath}?ak=${ak}&sk=wrong"\n${answer.status} ${await answer.text()}\n`);
  assert.equal(answer.status, 401);
}

function shorten(secret: string): string {
  return `${secret.slice(0, 8)}…`;
}

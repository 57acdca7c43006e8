/**
 * A service in the cluster that lists deployments with its key pair, which is mounted from a Secret.
 *
 * The pair is read again for each token, so that a rotation needs no restart; the token is kept until shortly before it
 * ends, or until it is refused.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const url = process.env.ACCESSKEY_URL ?? 'http://accesskey-operator.accesskey-system';
const pairDirectory = process.env.PAIR_DIRECTORY ?? '/etc/accesskey';
const cluster = process.env.CLUSTER ?? 'kpanda-global-cluster';
const intervalMs = Number(process.env.INTERVAL_SECONDS ?? 30) * 1000;

/** How long before its end a token is replaced: clocks differ, and a request takes its time. */
const marginMs = 60_000;
const timeoutMs = 10_000;

interface Token {
  readonly value: string;
  readonly replaceAt: number;
}

interface Deployments {
  readonly items: readonly { readonly metadata: { readonly namespace: string; readonly name: string } }[];
  readonly pagination: { readonly total: number };
}

let held: Token | undefined;

async function token(): Promise<string> {
  if (held === undefined || Date.now() > held.replaceAt) held = await fetchToken();
  return held.value;
}

/** OAuth 2.0 client credentials (RFC 6749, section 4.4): the ak is the client's name, the sk its password. */
async function fetchToken(): Promise<Token> {
  const [ak, sk] = await Promise.all(['ak', 'sk'].map((key) => readFile(join(pairDirectory, key), 'utf8')));
  const response = await fetch(`${url}/oauth2/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${ak}:${sk}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) throw new Error(`no token: ${response.status}`);
  const answer = (await response.json()) as { access_token: string; expires_in: number };
  console.log(`token for ${ak}`);
  return { value: answer.access_token, replaceAt: Date.now() + answer.expires_in * 1000 - marginMs };
}

async function listDeployments(): Promise<void> {
  const response = await fetch(`${url}/apis/kpanda.io/v1alpha1/clusters/${cluster}/deployments?pageSize=100`, {
    headers: { authorization: `Bearer ${await token()}` },
    signal: AbortSignal.timeout(timeoutMs),
  });
  // The pair may have been rotated or the token revoked: the next attempt begins with the files.
  if (response.status === 401) held = undefined;
  if (!response.ok) throw new Error(`no deployments: ${response.status}`);
  const { items, pagination } = (await response.json()) as Deployments;
  const names = items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  console.log(`${pagination.total} deployments: ${names.join(' ')}`);
}

// As the first process of a container it would not end at SIGTERM by itself.
process.once('SIGTERM', () => process.exit());
for (;;) {
  await listDeployments().catch((error: unknown) => console.error(`${error}`));
  await sleep(intervalMs);
}

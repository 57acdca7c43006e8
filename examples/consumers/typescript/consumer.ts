/**
 * A service in the cluster that lists deployments with a key pair that is mounted from a Secret.
 *
 * It reads the pair for each new token, so that a rotation needs no restart. It reuses a token until shortly before it
 * expires, or until it is rejected.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const url = process.env.ACCESSKEY_URL ?? 'http://accesskey-operator.accesskey-system';
const pairDirectory = process.env.PAIR_DIRECTORY ?? '/etc/accesskey';
const cluster = process.env.CLUSTER ?? 'kpanda-global-cluster';
const intervalMs = Number(process.env.INTERVAL_SECONDS ?? 30) * 1000;

/** Tokens are replaced this long before they expire, to allow for clock skew and the duration of requests. */
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

let cachedToken: Token | undefined;

async function getToken(): Promise<string> {
  if (cachedToken === undefined || Date.now() > cachedToken.replaceAt) cachedToken = await fetchToken();
  return cachedToken.value;
}

/** OAuth 2.0 client credentials (RFC 6749, section 4.4): the ak is the client ID, the sk the client secret. */
async function fetchToken(): Promise<Token> {
  const [ak, sk] = await Promise.all(['ak', 'sk'].map((key) => readFile(join(pairDirectory, key), 'utf8')));
  const response = await fetch(`${url}/oauth2/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${ak}:${sk}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) throw new Error(`cannot get a token: status ${response.status}`);
  const issued = (await response.json()) as { access_token: string; expires_in: number };
  console.log(`token for ${ak}`);
  return { value: issued.access_token, replaceAt: Date.now() + issued.expires_in * 1000 - marginMs };
}

async function listDeployments(): Promise<void> {
  const response = await fetch(`${url}/apis/kpanda.io/v1alpha1/clusters/${cluster}/deployments?pageSize=100`, {
    headers: { authorization: `Bearer ${await getToken()}` },
    signal: AbortSignal.timeout(timeoutMs),
  });
  // The pair may have been rotated or the token revoked: read the files again at the next attempt.
  if (response.status === 401) cachedToken = undefined;
  if (!response.ok) throw new Error(`cannot list deployments: status ${response.status}`);
  const { items, pagination } = (await response.json()) as Deployments;
  const names = items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  console.log(`${pagination.total} deployments: ${names.join(' ')}`);
}

// Without a handler, the first process of a container ignores SIGTERM.
process.once('SIGTERM', () => process.exit());
for (;;) {
  await listDeployments().catch((error: unknown) => console.error(`${error}`));
  await sleep(intervalMs);
}

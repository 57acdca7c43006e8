/** The loads of the token benchmark, and the objects in the cluster that they need. */

import type { Transport } from '../src/kube/transport.ts';
import { tokenExchange } from '../src/token/exchange.ts';
import type { ControlPlane } from '../tools/control-plane/control-plane.ts';
import type { Kubectl } from '../tools/kubectl.ts';
import { poll } from '../tools/poll.ts';
import { get, post } from './cluster.ts';
import type { Load, LoadOptions } from './load-generator.ts';

const maxCycle = 30;
const tokenPath = '/apis/ghippo.io/v1alpha1/token';
const namespace = 'bench';
/** The default of the configuration, and the audience of tokens to exchange. */
const issuer = 'ghippo.io';

interface Pair {
  ak: string;
  sk: string;
}

/** A load, and the servers that get it. */
export interface TargetedLoad {
  load: Load;
  targets: LoadOptions['targets'];
}

/**
 * The load with distinct tokens combines each pair with each cycle. A combination repeats after `pairs * maxCycle`
 * requests, which take more than a second, so all tokens that are issued within a second differ.
 */
export function tokenLoads(pairs: readonly Pair[]): Load[] {
  const distinct = Array.from({ length: pairs.length * maxCycle }, (_, n) => {
    return tokenRequest(pairs[n % pairs.length], 1 + Math.floor(n / pairs.length));
  });
  const [hot] = pairs;
  const hotGet = tokenRequest(hot);
  const hotPost = basicRequest(hot);
  const unknown = Array.from({ length: 1024 }, () =>
    tokenRequest({ ak: crypto.randomUUID(), sk: crypto.randomUUID() }),
  );
  const jwks = toBytes(['GET /.well-known/jwks.json HTTP/1.1']);
  return [
    { name: 'distinct pairs', request: (n) => distinct[n % distinct.length] ?? hotGet, status: 200 },
    { name: 'one hot pair, GET', request: () => hotGet, status: 200 },
    { name: 'one hot pair, POST and Basic', request: () => hotPost, status: 200 },
    { name: 'unknown pairs (401)', request: (n) => unknown[n % unknown.length] ?? hotGet, status: 401 },
    { name: 'JWKS', request: () => jwks, status: 200 },
  ];
}

function tokenRequest(pair: Pair | undefined, cycle?: number): Buffer {
  const query = `ak=${pair?.ak}&sk=${pair?.sk}${cycle === undefined ? '' : `&cycle=${cycle}`}`;
  return toBytes([`GET ${tokenPath}?${query} HTTP/1.1`]);
}

function basicRequest(pair: Pair | undefined): Buffer {
  const basic = Buffer.from(`${pair?.ak}:${pair?.sk}`).toString('base64');
  return toBytes([`POST ${tokenPath} HTTP/1.1`, `Authorization: Basic ${basic}`, 'Content-Length: 0']);
}

const toBytes = (head: string[]) => Buffer.from([...head, 'Host: operator', '', ''].join('\r\n'));

/**
 * The exchange of a ServiceAccount token, for which the operator sends a TokenReview, and the same TokenReview sent to
 * kube-apiserver directly.
 */
export async function exchangeLoads(
  operators: LoadOptions['targets'],
  kubectl: Kubectl,
  { server, certificateAuthority }: ControlPlane,
): Promise<TargetedLoad[]> {
  await kubectl.run(['create', 'serviceaccount', 'exchanger', '-n', namespace]);
  const reviewer = ['create', 'clusterrolebinding', 'bench-reviewer', '--clusterrole=system:auth-delegator'];
  await kubectl.run([...reviewer, `--serviceaccount=${namespace}:exchanger`]);
  const createToken = async (...options: string[]) =>
    (await kubectl.run(['create', 'token', 'exchanger', '-n', namespace, ...options])).trim();
  const subject = await createToken(`--audience=${issuer}`);
  const type = 'urn:ietf:params:oauth:token-type:jwt';
  const form = new URLSearchParams({ grant_type: tokenExchange, subject_token_type: type, subject_token: subject });
  const exchange = bodyRequest('/oauth2/token', ['Content-Type: application/x-www-form-urlencoded'], form.toString());
  const review = bodyRequest(
    '/apis/authentication.k8s.io/v1/tokenreviews',
    [`Authorization: Bearer ${await createToken()}`, 'Content-Type: application/json', 'Accept: application/json'],
    JSON.stringify({ spec: { token: subject, audiences: [issuer] } }),
  );
  return [
    { load: { name: 'token exchange', request: () => exchange, status: 200 }, targets: operators },
    {
      load: { name: 'TokenReview, kube-apiserver', request: () => review, status: 201 },
      targets: [{ port: Number(new URL(server).port), certificateAuthority }],
    },
  ];
}

function bodyRequest(path: string, headers: readonly string[], body: string): Buffer {
  const head = [`POST ${path} HTTP/1.1`, 'Host: bench', ...headers, `Content-Length: ${Buffer.byteLength(body)}`];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** Creates AccessKeys with two pairs each, and waits until the operator has created all pairs. */
export async function createPairs(admin: Transport, accessKeys: number): Promise<Pair[]> {
  await post(admin, '/api/v1/namespaces', { metadata: { name: namespace } });
  for (let n = 0; n < accessKeys; n += 1) {
    await post(admin, `/apis/ghippo.io/v1alpha1/namespaces/${namespace}/accesskeys`, {
      apiVersion: 'ghippo.io/v1alpha1',
      kind: 'AccessKey',
      metadata: { name: `user-${n}` },
      spec: { user: { name: `user-${n}`, groups: ['team'] }, keyPairs: [{ name: 'one' }, { name: 'two' }] },
    });
  }
  await post(admin, `/apis/ghippo.io/v1alpha1/namespaces/${namespace}/accesskeys`, {
    apiVersion: 'ghippo.io/v1alpha1',
    kind: 'AccessKey',
    metadata: { name: 'exchanger' },
    spec: { user: { name: 'exchanger', groups: ['team'] }, serviceAccounts: ['exchanger'], keyPairs: [] },
  });
  return poll('the pairs', async () => {
    const secrets = JSON.parse(await get(admin, `/api/v1/namespaces/${namespace}/secrets`)).items;
    return secrets.length === 2 * accessKeys && secrets.map(({ data }: { data: Pair }) => decode(data));
  });
}

function decode({ ak, sk }: Pair): Pair {
  return { ak: atob(ak), sk: atob(sk) };
}

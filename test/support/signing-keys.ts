import { join } from 'node:path';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from './cluster.ts';
import { accessKeyManifest, createNamespace, createPair, getToken, type Pair } from './platform.ts';
import { shiftedClock } from './shifted-clock.ts';

/** A key as it is stored. */
export interface StoredKey {
  kid: string;
  alg: string;
  state: string;
  d?: string;
  verifyUntil?: string;
}

export interface KeySecret {
  metadata: { uid: string; resourceVersion: string };
  data: Record<string, string>;
}

/** Who has a token and no rights gets this answer to a listing: the token was accepted. */
export const accepted = 403;
export const hour = 3_600;
export const day = 24 * hour;
const secretPath = ['secret', 'accesskey-operator-signing-keys', '-n', 'accesskey-system'];

/** A cluster, the Secret with the signing keys of its operators, and a clock for them. */
export async function startKeyCluster() {
  const cluster = await startTestCluster();
  return { cluster, secret: createKeySecretAccess(cluster), clock: createForwardClock(cluster.directory) };
}

/** What `startKeyCluster` starts. */
export type KeyCluster = Awaited<ReturnType<typeof startKeyCluster>>;

/** A pair that gets tokens from all of these operators. */
export async function createKnownPair({ kubectl }: TestCluster, operators: readonly OperatorProcess[]): Promise<Pair> {
  await createNamespace(kubectl, 'people');
  const pair = await createPair(kubectl, accessKeyManifest('people', 'ann'));
  await Promise.all(operators.map(({ url }) => getToken(url, pair)));
  return pair;
}

/** The Secret with the signing keys, as a person at kubectl sees it. */
function createKeySecretAccess({ kubectl }: Pick<TestCluster, 'kubectl'>) {
  let nudges = 0;
  const get = () => kubectl.get<KeySecret>(...secretPath);
  const patch = (body: object) => kubectl.run(['patch', ...secretPath, '--type=merge', '-p', JSON.stringify(body)]);
  return {
    get,
    patch,
    keys: async () => keysOf(await get()),
    annotate: (...notes: string[]) => kubectl.run(['annotate', ...secretPath, '--overwrite', ...notes]),
    /** An edit of a label makes the leader look at the Secret, which it does each 30 seconds by itself. */
    nudge: () => kubectl.run(['label', ...secretPath, '--overwrite', `looked-at=${nudges++}`]),
    remove: () => kubectl.run(['delete', ...secretPath]),
  };
}

export function keysOf({ data }: Pick<KeySecret, 'data'>): StoredKey[] {
  return JSON.parse(Buffer.from(data['keys.json'] ?? '', 'base64').toString('utf8')).keys;
}

export const kidOf = (keys: readonly StoredKey[], state: string) => keys.find((key) => key.state === state)?.kid;

/** A clock for several operators that only goes forward. */
function createForwardClock(directory: string) {
  const { options, shift } = shiftedClock(join(directory, 'clock'));
  let ahead = 0;
  return {
    options,
    advance(seconds: number): void {
      ahead += seconds;
      shift(ahead);
    },
    now: () => new Date(Date.now() + ahead * 1000),
  };
}

export async function publishedKeys({ url }: OperatorProcess): Promise<JSONWebKeySet> {
  return (await fetch(`${url}/.well-known/jwks.json`)).json() as Promise<JSONWebKeySet>;
}

/** Waits until all operators publish the keys of the Secret. */
export async function allPublish(operators: readonly OperatorProcess[], keys: readonly StoredKey[]): Promise<void> {
  const expected = keys.map(({ kid }) => kid).sort();
  await poll('the keys to be published', async () => {
    const sets = await Promise.all(operators.map(publishedKeys));
    return sets.every(
      (set) =>
        set.keys
          .map(({ kid }) => kid)
          .sort()
          .join() === expected.join(),
    );
  });
}

/** The header of a token that any verifier would accept by what the operator publishes. */
export async function verifiedHeader(operator: OperatorProcess, token: string, currentDate: Date) {
  await jwtVerify(token, createLocalJWKSet(await publishedKeys(operator)), { currentDate, issuer: 'ghippo.io' });
  return decodeProtectedHeader(token);
}

export async function metric({ healthUrl }: OperatorProcess, series: string): Promise<number> {
  const text = await (await fetch(`${healthUrl}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1));
}

/** Waits until one of the operators leads. */
export function leaderOf(operators: readonly OperatorProcess[]): Promise<OperatorProcess> {
  return poll('a leader', async () => {
    for (const one of operators) {
      if ((await metric(one, 'leader_election_master_status{name="accesskey-operator"}')) === 1) return one;
    }
    return undefined;
  });
}

import { join } from 'node:path';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from './cluster.ts';
import { metricValue } from './metrics.ts';
import { accessKeyManifest, createNamespace, createPair, getToken, type Pair } from './platform.ts';
import { shiftedClock } from './shifted-clock.ts';

/** A key in its stored form. */
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

/** Status of a listing with a valid token and no permissions. */
export const accepted = 403;
export const hour = 3_600;
export const day = 24 * hour;
const secretPath = ['secret', 'accesskey-operator-signing-keys', '-n', 'accesskey-system'];

/** Starts a cluster, with access to the signing-key Secret and a clock for its operators. */
export async function startKeyCluster() {
  const cluster = await startTestCluster();
  return { cluster, secret: createKeySecretAccess(cluster), clock: createForwardClock(cluster.directory) };
}

/** The result of `startKeyCluster`. */
export type KeyCluster = Awaited<ReturnType<typeof startKeyCluster>>;

/** Creates a pair and waits until all operators issue tokens for it. */
export async function createKnownPair({ kubectl }: TestCluster, operators: readonly OperatorProcess[]): Promise<Pair> {
  await createNamespace(kubectl, 'people');
  const pair = await createPair(kubectl, accessKeyManifest('people', 'ann'));
  await Promise.all(operators.map(({ url }) => getToken(url, pair)));
  return pair;
}

/** Access to the signing-key Secret with kubectl. */
function createKeySecretAccess({ kubectl }: Pick<TestCluster, 'kubectl'>) {
  let edits = 0;
  const get = () => kubectl.get<KeySecret>(...secretPath);
  const patch = (body: object) => kubectl.run(['patch', ...secretPath, '--type=merge', '-p', JSON.stringify(body)]);
  return {
    get,
    patch,
    keys: async () => keysOf(await get()),
    annotate: (...annotations: string[]) => kubectl.run(['annotate', ...secretPath, '--overwrite', ...annotations]),
    /** Edits a label, so that the leader reconciles the Secret now instead of within 30 seconds. */
    touch: () => kubectl.run(['label', ...secretPath, '--overwrite', `reconcile=${edits++}`]),
    remove: () => kubectl.run(['delete', ...secretPath]),
  };
}

export function keysOf({ data }: Pick<KeySecret, 'data'>): StoredKey[] {
  return JSON.parse(Buffer.from(data['keys.json'] ?? '', 'base64').toString('utf8')).keys;
}

export const kidOf = (keys: readonly StoredKey[], state: string) => keys.find((key) => key.state === state)?.kid;

/** A clock of several operators that only moves forward. */
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

/** Verifies a token with the published keys. @returns its header */
export async function verifiedHeader(operator: OperatorProcess, token: string, currentDate: Date) {
  await jwtVerify(token, createLocalJWKSet(await publishedKeys(operator)), { currentDate, issuer: 'ghippo.io' });
  return decodeProtectedHeader(token);
}

/** Waits until one of the operators leads. */
export function leaderOf(operators: readonly OperatorProcess[]): Promise<OperatorProcess> {
  return poll('a leader', async () => {
    for (const one of operators) {
      if ((await metricValue(one, 'leader_election_master_status{name="accesskey-operator"}')) === 1) return one;
    }
    return undefined;
  });
}

/** The AccessKeys of a soak run. */

import type { Pair } from '../support/platform.ts';
import type { RawSecret } from '../support/secret-keys.ts';
import type { SoakPlatform } from './soak-platform.ts';

const namespaces = 50;
const fillConcurrency = 16;
const deployments = 100;
/** Of every ten AccessKeys, six get tokens and never change, two rotate by the clock, and two are edited. */
export type Role = 'steady' | 'rotating' | 'edited';
const roles: readonly Role[] = [
  ...Array<Role>(6).fill('steady'),
  ...Array<Role>(2).fill('rotating'),
  ...Array<Role>(2).fill('edited'),
];

const roleOf = (n: number): Role => roles[n % roles.length] ?? 'steady';
export const namespaceOf = (n: number) => `soak-${n % namespaces}`;
export const nameOf = (n: number) => `user-${n}`;
export const collectionOf = (n: number) => `/apis/ghippo.io/v1alpha1/namespaces/${namespaceOf(n)}/accesskeys`;
export const secretPathOf = (n: number) => `/api/v1/namespaces/${namespaceOf(n)}/secrets/${nameOf(n)}-main`;

/** All numbers below `count` with this role. */
export function numbersOf(role: Role, count: number): number[] {
  return Array.from({ length: count }, (_, n) => n).filter((n) => roleOf(n) === role);
}

export function manifestOf(n: number): object {
  const rotation = roleOf(n) === 'rotating' ? { rotation: { interval: '6h', overlap: '2h' } } : {};
  return {
    apiVersion: 'ghippo.io/v1alpha1',
    kind: 'AccessKey',
    metadata: { name: nameOf(n), namespace: namespaceOf(n) },
    spec: { user: { name: nameOf(n) }, keyPairs: [{ name: 'main', ...rotation }] },
  };
}

/** Creates namespaces, Deployments and AccessKeys, without waiting for the operator. */
export async function createPopulation({ admin, options }: SoakPlatform): Promise<void> {
  for (let n = 0; n < namespaces; n += 1)
    await admin.create('/api/v1/namespaces', { metadata: { name: namespaceOf(n) } });
  await inParallel(deployments, (n) => admin.create(deploymentsPath(n), deploymentOf(n)));
  await inParallel(options.accessKeys, (n) => admin.create(collectionOf(n), manifestOf(n)));
}

const deploymentsPath = (n: number) => `/apis/apps/v1/namespaces/${namespaceOf(n)}/deployments`;

function deploymentOf(n: number): object {
  const labels = { app: `app-${n}` };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'example.org/main' }] } };
  const spec = { replicas: 0, selector: { matchLabels: labels }, template };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: `app-${n}` }, spec };
}

async function inParallel(count: number, action: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < count) await action(next++);
  };
  await Promise.all(Array.from({ length: fillConcurrency }, work));
}

/** Reads the pair of an AccessKey; undefined if its Secret does not exist. */
export async function readPairOf({ admin }: SoakPlatform, n: number): Promise<Pair | undefined> {
  const secret = (await admin.get(secretPathOf(n))) as RawSecret | undefined;
  const { ak, sk } = secret?.data ?? {};
  return ak === undefined || sk === undefined ? undefined : { ak: decode(ak), sk: decode(sk) };
}

const decode = (value: string) => Buffer.from(value, 'base64').toString('utf8');

/** The AccessKeys of a benchmark: `user-0`, `user-1` and so on, in turn in the namespaces `bench-0` to `bench-99`. */
import type { Transport } from '../src/kube/transport.ts';
import { forEachNumber, post } from './cluster.ts';

export const namespaces = 100;
/** Concurrent requests while the cluster is filled. */
export const fillConcurrency = 32;

export const namespaceOf = (n: number) => `bench-${n % namespaces}`;
const nameOf = (n: number) => `user-${n}`;

/** @returns the path of the AccessKeys in a namespace */
export const collectionOf = (namespace: string) => `/apis/ghippo.io/v1alpha1/namespaces/${namespace}/accesskeys`;

/** @returns the path of an AccessKey */
export const pathOf = (n: number) => `${collectionOf(namespaceOf(n))}/${nameOf(n)}`;

export interface AccessKeyOptions {
  /** Names of its key pairs. */
  keyPairs: readonly string[];
  groups?: readonly string[];
}

/** @returns an AccessKey for the user of the same name */
export function manifestOf(name: string, { keyPairs, groups }: AccessKeyOptions): object {
  const user = { name, ...(groups && { groups }) };
  return {
    apiVersion: 'ghippo.io/v1alpha1',
    kind: 'AccessKey',
    metadata: { name },
    spec: { user, keyPairs: keyPairs.map((pair) => ({ name: pair })) },
  };
}

export async function createNamespace(admin: Transport, name: string): Promise<void> {
  await post(admin, '/api/v1/namespaces', { metadata: { name } });
}

/** Creates the namespaces of the AccessKeys. */
export function createNamespaces(admin: Transport): Promise<void> {
  const range = { to: namespaces, concurrency: fillConcurrency };
  return forEachNumber(range, (n) => createNamespace(admin, namespaceOf(n)));
}

/** Creates the AccessKeys with the numbers in [from, to). */
export function createAccessKeys(
  admin: Transport,
  {
    from = 0,
    to,
    concurrency = fillConcurrency,
    ...options
  }: AccessKeyOptions & { from?: number; to: number; concurrency?: number },
): Promise<void> {
  return forEachNumber({ from, to, concurrency }, (n) =>
    post(admin, collectionOf(namespaceOf(n)), manifestOf(nameOf(n), options)),
  );
}

/** The content that a pair takes along when it moves. */
import { pairStatusOf } from '../model/access-key-record.ts';
import type { Placement } from './actions.ts';
import { readOwnSecrets, type Scope } from './scope.ts';
import { type Content, contentToMove } from './secret-content.ts';

type Target = Pick<Placement, 'pair' | 'secretName'>;

/**
 * Reads the content of the Secret that the status names, else of another one that holds the pair. A pair that is not in
 * the status has none.
 */
export async function readSource(scope: Scope, target: Target): Promise<Content | undefined> {
  const { api, accessKey, now } = scope;
  const { pair, secretName } = target;
  const known = pairStatusOf(accessKey, pair.name);
  if (known?.accessKey === undefined) return undefined;
  const name = known.secretName;
  const fetched = name === secretName ? undefined : await api.read(accessKey.namespace, name);
  return (fetched && contentToMove({ accessKey, pair, fetched, others: [], now })) ?? findSource(scope, target);
}

/**
 * Looks in all Secrets of the AccessKey, because the pair may have been moved before the status was written. With
 * generation 1 the spec has never changed, so the pair cannot be in another Secret.
 */
async function findSource(scope: Scope, { pair, secretName }: Target): Promise<Content | undefined> {
  const { accessKey, now } = scope;
  if (accessKey.generation === 1) return undefined;
  const own = (await readOwnSecrets(scope)).filter(({ record }) => record.name !== secretName);
  const others = own.map(({ record }) => record);
  return own.flatMap((fetched) => contentToMove({ accessKey, pair, fetched, others, now }) ?? [])[0];
}

import type { Store } from '../../kube/store.ts';
import { formatKeys, parseKeys } from './format.ts';
import { withoutRevoked } from './plan.ts';
import type { KeySecretRecord } from './store.ts';

/**
 * Collects the kids whose revocation the Secret has requested since the process started. The set only grows: a revoked
 * key stays revoked if the annotation is replaced, or the Secret deleted, before the leader has removed the key.
 *
 * @param key namespace/name of the Secret
 * @returns the kids, updated with the store
 */
export function collectRevocations(
  store: Pick<Store<KeySecretRecord>, 'get' | 'subscribe'>,
  key: string,
): ReadonlySet<string> {
  const kids = new Set(store.get(key)?.requests.revoke);
  store.subscribe((change) => {
    if (change.key === key) for (const kid of change.current?.requests.revoke ?? []) kids.add(kid);
  });
  return kids;
}

/**
 * Removes revoked keys from a stored set.
 *
 * @returns the stored set; undefined if no remaining key can sign
 * @throws SigningKeyError if the text is not a key set
 */
export function removeRevoked(text: string, revoked: ReadonlySet<string>): string | undefined {
  if (revoked.size === 0) return text;
  const keys = parseKeys(text);
  const remaining = withoutRevoked(keys, revoked);
  if (remaining === keys) return text;
  return remaining.some(({ state }) => state === 'active') ? formatKeys(remaining) : undefined;
}

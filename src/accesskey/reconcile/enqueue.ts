import type { SecretRecord } from '../../credential/secret-record.ts';
import type { Change } from '../../kube/store.ts';
import { type AccessKeyRecord, ownSecretNames, secretNameOf } from '../model/access-key-record.ts';
import type { AccessKeyCaches } from '../model/caches.ts';

/**
 * Enqueues all AccessKeys, then those affected by each change in the caches. Reconciling is level-triggered: the
 * content of a change does not matter.
 *
 * @returns a function that unsubscribes
 */
export function enqueueChanges(caches: AccessKeyCaches, add: (key: string) => void): () => void {
  const addAll = (accessKeys: Iterable<AccessKeyRecord>) => {
    for (const one of accessKeys) add(one.key);
  };
  const unsubscribers = [
    caches.accessKeys.subscribe((change) => {
      add(change.key);
      addAll(waitingFor(caches, change));
    }),
    // A new holder of a user affects every AccessKey that names the user.
    caches.userHolders.subscribe((user) => addAll(caches.accessKeys.byIndex('user', user))),
    caches.secrets.subscribe((change) => addAll(affectedBy(caches, change))),
    caches.namespaces.subscribe(({ key, previous, current }) => {
      if (previous?.terminating !== current?.terminating) addAll(caches.accessKeys.byIndex('namespace', key));
    }),
  ];
  addAll(caches.accessKeys.values());
  return () => {
    for (const unsubscribe of unsubscribers) unsubscribe();
  };
}

/** The current and former owner of the Secret, and the AccessKeys whose spec names it. */
function affectedBy(caches: AccessKeyCaches, { previous, current }: Change<SecretRecord>): AccessKeyRecord[] {
  return [previous, current].flatMap((secret) => {
    if (!secret) return [];
    const owners = secret.ownerUID === undefined ? [] : caches.accessKeys.byIndex('uid', secret.ownerUID);
    const inNamespace = caches.accessKeys.byIndex('namespace', secret.namespace);
    return [...owners, ...inNamespace.filter((one) => namesSecret(one, secret.name))];
  });
}

/** AccessKeys that want a Secret name which this change releases. */
function waitingFor(caches: AccessKeyCaches, { previous, current }: Change<AccessKeyRecord>): AccessKeyRecord[] {
  if (!previous) return [];
  const kept = current ? ownSecretNames(current) : [];
  const released = ownSecretNames(previous).filter((name) => !kept.includes(name));
  if (released.length === 0) return [];
  const all = [...caches.accessKeys.byIndex('namespace', previous.namespace)];
  return all.filter((one) => released.some((name) => namesSecret(one, name)));
}

function namesSecret(accessKey: AccessKeyRecord, secretName: string): boolean {
  return accessKey.spec.keyPairs?.some((pair) => secretNameOf(accessKey, pair) === secretName) === true;
}

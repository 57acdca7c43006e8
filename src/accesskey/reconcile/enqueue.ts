import type { SecretRecord } from '../../credential/secret-record.ts';
import type { Change } from '../../kube/store.ts';
import { type AccessKeyRecord, secretNameOf } from '../model/access-key-record.ts';
import type { AccessKeyCaches } from '../model/caches.ts';

/**
 * Puts the AccessKeys that a change in the caches touches into a queue, and at first all of them. What a change means
 * is not looked at here: the pass sees how things are.
 *
 * @returns ends it
 */
export function enqueueChanges(caches: AccessKeyCaches, add: (key: string) => void): () => void {
  const addAll = (some: Iterable<AccessKeyRecord>) => {
    for (const one of some) add(one.key);
  };
  const ends = [
    caches.accessKeys.subscribe(({ key }) => add(key)),
    // A claim that passes on concerns all that wanted it.
    caches.userHolders.subscribe((user) => addAll(caches.accessKeys.byIndex('user', user))),
    caches.secrets.subscribe((change) => addAll(concerned(caches, change))),
    caches.namespaces.subscribe(({ key, previous, current }) => {
      if (previous?.terminating !== current?.terminating) addAll(caches.accessKeys.byIndex('namespace', key));
    }),
  ];
  addAll(caches.accessKeys.values());
  return () => {
    for (const end of ends) end();
  };
}

/** A Secret concerns whom it belongs to, now or before, and who wants its name but found it taken. */
function concerned(caches: AccessKeyCaches, { previous, current }: Change<SecretRecord>): AccessKeyRecord[] {
  return [previous, current].flatMap((secret) => {
    if (!secret) return [];
    const owners = secret.ownerUID === undefined ? [] : caches.accessKeys.byIndex('uid', secret.ownerUID);
    const others = caches.accessKeys.byIndex('namespace', secret.namespace);
    return [...owners, ...others.filter((one) => wants(one, secret.name))];
  });
}

function wants(accessKey: AccessKeyRecord, secretName: string): boolean {
  return accessKey.spec.keyPairs?.some((pair) => secretNameOf(accessKey, pair) === secretName) === true;
}

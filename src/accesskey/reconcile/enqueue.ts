import { annotations } from '../../credential/secret-format.ts';
import type { SecretRecord } from '../../credential/secret-record.ts';
import type { Change } from '../../kube/store.ts';
import type { Priority } from '../../kube/waiting-keys.ts';
import type { CurrentGuardrails } from '../guardrails/watched-guardrails.ts';
import { type AccessKeyRecord, conditionOf, ownSecretNames } from '../model/access-key-record.ts';
import type { AccessKeyCaches } from '../model/caches.ts';
import { reasons } from './verdict.ts';

/**
 * Enqueues all AccessKeys, then those affected by each change in the caches, and again all after a change of the
 * guardrails. Reconciling is level-triggered: the content of a change decides only the priority. An edit or deletion of
 * an AccessKey is urgent. A change of a Secret comes before new AccessKeys, because it is usually the operator's own
 * write: so a reconcile that has begun is completed before another one begins. AccessKeys that only wait for a Secret
 * name or a user come last, because any number of them can wait for one change.
 *
 * @returns a function that unsubscribes
 */
export function enqueueChanges(
  caches: AccessKeyCaches,
  guardrails: Pick<CurrentGuardrails, 'subscribe'>,
  add: (key: string, priority: Priority) => void,
): () => void {
  const addAll = (accessKeys: Iterable<AccessKeyRecord>, priority: Priority) => {
    for (const one of accessKeys) add(one.key, priority);
  };
  const unsubscribers = [
    caches.accessKeys.subscribe((change) => {
      add(change.key, priorityOf(change));
      addAll(waitingFor(caches, change), 'low');
    }),
    // Another holder changes nothing for the AccessKeys that have not held the user, of which there may be many.
    caches.userHolders.subscribe((user) => {
      const holder = caches.userHolders.holderOf(user);
      if (holder !== undefined) add(holder, 'normal');
      const all = caches.accessKeys.byIndex('user', user);
      addAll(
        all.filter((one) => one.key !== holder && !isUserClaimed(one)),
        'low',
      );
    }),
    caches.secrets.subscribe((change) => {
      addAll(ownersOf(caches, change), 'high');
      const isSame = blockingState(change.previous) === blockingState(change.current);
      if (!isSame) addAll(caches.accessKeys.byIndex('secret', change.key), 'low');
    }),
    caches.namespaces.subscribe(({ key, previous, current }) => {
      if (previous?.terminating !== current?.terminating) addAll(caches.accessKeys.byIndex('namespace', key), 'normal');
    }),
    guardrails.subscribe(() => addAll(caches.accessKeys.values(), 'low')),
  ];
  addAll(caches.accessKeys.values(), 'low');
  return () => {
    for (const unsubscribe of unsubscribers) unsubscribe();
  };
}

/** Low for a change of the status, which is usually the operator's own. */
function priorityOf({ previous, current }: Change<AccessKeyRecord>): Priority {
  if (!previous) return 'normal';
  const isSameSpec = previous.uid === current?.uid && previous.generation === current.generation;
  return isSameSpec && previous.deleting === current.deleting ? 'low' : 'urgent';
}

function isUserClaimed(accessKey: AccessKeyRecord): boolean {
  return conditionOf(accessKey, 'Ready')?.reason === reasons.userClaimed;
}

/** The current and former owner of the Secret. */
function ownersOf(caches: AccessKeyCaches, { previous, current }: Change<SecretRecord>): AccessKeyRecord[] {
  return [previous, current].flatMap((secret) =>
    secret?.ownerUID === undefined ? [] : caches.accessKeys.byIndex('uid', secret.ownerUID),
  );
}

/**
 * What decides whether a Secret blocks the AccessKeys that want its name and do not own it. Other changes do not matter,
 * because any number of AccessKeys can wait for it; but one that is marked for adoption may get a valid key pair.
 */
function blockingState(secret: SecretRecord | undefined): string | undefined {
  if (!secret) return undefined;
  const mark = secret.annotations[annotations.adopt];
  return JSON.stringify([secret.uid, secret.ownerUID, secret.deleting, mark, mark && secret.resourceVersion]);
}

/** AccessKeys that want a Secret name which this change releases. */
function waitingFor(caches: AccessKeyCaches, { previous, current }: Change<AccessKeyRecord>): AccessKeyRecord[] {
  if (!previous) return [];
  const kept = current ? ownSecretNames(current) : [];
  const released = ownSecretNames(previous).filter((name) => !kept.includes(name));
  return released.flatMap((name) => caches.accessKeys.byIndex('secret', `${previous.namespace}/${name}`));
}

import type { Change, Store } from '../../kube/store.ts';
import { type AccessKeyRecord, conditionOf } from './access-key-record.ts';

/** Which AccessKey holds each user. */
export interface UserHolders {
  /** @returns namespace/name of the AccessKey; undefined if none holds the user */
  holderOf(user: string): string | undefined;
  /**
   * Calls the listener with the user when the holder has changed.
   *
   * @returns a function that unsubscribes
   */
  subscribe(listener: (user: string) => void): () => void;
}

/**
 * The older AccessKey takes precedence. Of those created in the same second, the one whose status says that it holds
 * the user does, then the one that became Ready first, so a new AccessKey never stops one that works; then
 * namespace/name decides.
 */
function precedes(a: AccessKeyRecord, b: AccessKeyRecord): boolean {
  if (a.creationTimestamp !== b.creationTimestamp) return a.creationTimestamp < b.creationTimestamp;
  const [rankA, rankB] = [rankOf(a), rankOf(b)];
  return rankA === rankB ? a.key < b.key : rankA < rankB;
}

/** @returns a text that sorts first for the AccessKey that has held the user longest, according to its status */
function rankOf(accessKey: AccessKeyRecord): string {
  if (accessKey.status.userID !== accessKey.uid) return '2';
  const ready = conditionOf(accessKey, 'Ready');
  return ready?.status === 'True' ? `0 ${ready.lastTransitionTime}` : '1';
}

/**
 * One user, one AccessKey in the cluster: the oldest AccessKey that names a user holds it. An AccessKey that is being
 * deleted holds nothing, so the next one takes over immediately.
 *
 * All AccessKeys of a user are searched only when its holder changes, so many AccessKeys of one user cost no more than
 * those of many users.
 *
 * @param accessKeys indexed by user and by namespace
 * @param isBeingDeleted whether an AccessKey or its namespace is being deleted
 */
export function createUserHolders(
  accessKeys: Store<AccessKeyRecord, 'user' | 'namespace' | 'uid'>,
  isBeingDeleted: (accessKey: AccessKeyRecord) => boolean,
): UserHolders & { namespaceChanged(namespace: string): void } {
  const holders = new Map<string, AccessKeyRecord>();
  const listeners = new Set<(user: string) => void>();

  function oldestOf(user: string): AccessKeyRecord | undefined {
    let oldest: AccessKeyRecord | undefined;
    for (const one of accessKeys.byIndex('user', user)) {
      if (!isBeingDeleted(one) && (!oldest || precedes(one, oldest))) oldest = one;
    }
    return oldest;
  }

  function setHolder(user: string, next: AccessKeyRecord | undefined): void {
    const before = holders.get(user);
    if (next) holders.set(user, next);
    else holders.delete(user);
    if (before?.key === next?.key && before?.uid === next?.uid) return;
    for (const listener of listeners) listener(user);
  }

  function accessKeyChanged({ previous, current }: Change<AccessKeyRecord>): void {
    const accessKey = current ?? previous;
    if (!accessKey) return;
    const user = accessKey.spec.user.name;
    const formerUser = previous?.spec.user.name;
    // The user of the spec is immutable, but the AccessKey may have been deleted and created again with another user.
    if (formerUser !== undefined && formerUser !== user) setHolder(formerUser, oldestOf(formerUser));
    const holder = holders.get(user);
    // The holder has changed or was deleted, so another one may be the oldest now.
    if (holder?.key === accessKey.key) setHolder(user, oldestOf(user));
    // Any other AccessKey can only take over from the holder.
    else if (current && !isBeingDeleted(current) && (!holder || precedes(current, holder))) setHolder(user, current);
  }

  accessKeys.subscribe(accessKeyChanged);
  return {
    holderOf: (user) => holders.get(user)?.key,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    namespaceChanged(namespace) {
      const users = new Set(accessKeys.byIndex('namespace', namespace).map((one) => one.spec.user.name));
      for (const user of users) setHolder(user, oldestOf(user));
    },
  };
}

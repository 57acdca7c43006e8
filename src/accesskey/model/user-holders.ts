import type { Change, Store } from '../../kube/store.ts';
import type { AccessKeyRecord } from './access-key-record.ts';

/** Who holds the claim on a user. */
export interface UserHolders {
  /** namespace/name of the AccessKey that holds it, undefined when none does. */
  holderOf(user: string): string | undefined;
  /**
   * Calls the listener with the user when the holder has changed.
   *
   * @returns ends it
   */
  subscribe(listener: (user: string) => void): () => void;
}

/** Whether one claim goes before another: the older one does, the name decides between equal times. */
function goesBefore(a: AccessKeyRecord, b: AccessKeyRecord): boolean {
  if (a.creationTimestamp !== b.creationTimestamp) return a.creationTimestamp < b.creationTimestamp;
  return a.key < b.key;
}

/**
 * One user, one AccessKey in the cluster: of those that name the same user the oldest holds the claim. What is being
 * deleted holds nothing, so the next takes over at once.
 *
 * The holder is kept per user, so that many AccessKeys of one user cost no more than many of different ones.
 *
 * @param accessKeys indexed by user and by namespace
 * @param isStopped whether an AccessKey is on its way out
 */
export function createUserHolders(
  accessKeys: Store<AccessKeyRecord, 'user' | 'namespace' | 'uid'>,
  isStopped: (accessKey: AccessKeyRecord) => boolean,
): UserHolders & { namespaceChanged(namespace: string): void } {
  const holders = new Map<string, AccessKeyRecord>();
  const listeners = new Set<(user: string) => void>();

  function oldestOf(user: string): AccessKeyRecord | undefined {
    let oldest: AccessKeyRecord | undefined;
    for (const one of accessKeys.byIndex('user', user)) {
      if (!isStopped(one) && (!oldest || goesBefore(one, oldest))) oldest = one;
    }
    return oldest;
  }

  function hold(user: string, next: AccessKeyRecord | undefined): void {
    const before = holders.get(user);
    if (next) holders.set(user, next);
    else holders.delete(user);
    if (before?.key === next?.key && before?.uid === next?.uid) return;
    for (const listener of listeners) listener(user);
  }

  function changed({ previous, current }: Change<AccessKeyRecord>): void {
    const user = (current ?? previous)?.spec.user.name;
    if (user === undefined) return;
    if (previous && previous.spec.user.name !== user) hold(previous.spec.user.name, oldestOf(previous.spec.user.name));
    const holder = holders.get(user);
    const isHolder = holder !== undefined && holder.key === (current ?? previous)?.key;
    if (isHolder) hold(user, oldestOf(user));
    else if (current && !isStopped(current) && (!holder || goesBefore(current, holder))) hold(user, current);
  }

  accessKeys.subscribe(changed);
  return {
    holderOf: (user) => holders.get(user)?.key,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    namespaceChanged(namespace) {
      const users = new Set(accessKeys.byIndex('namespace', namespace).map((one) => one.spec.user.name));
      for (const user of users) hold(user, oldestOf(user));
    },
  };
}

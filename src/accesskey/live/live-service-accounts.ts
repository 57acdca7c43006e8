import type { ServiceAccountName } from '../../kube/names.ts';
import { type AccessKeyCaches, holdsUser, isStopped } from '../model/caches.ts';

/** The user whose token a ServiceAccount may have. */
export interface ServiceAccountUser {
  /** uid of the AccessKey. */
  id: string;
  name: string;
  groups: readonly string[];
}

/** Finds the users of ServiceAccounts in what the watch last told. */
export interface LiveServiceAccounts {
  /**
   * The users of the live AccessKeys that name this ServiceAccount, in its own namespace. An AccessKey is live when it
   * is neither suspended nor deleted, its namespace does not terminate, and it holds the claim on its user.
   */
  usersOf(account: ServiceAccountName): ServiceAccountUser[];
}

export function createLiveServiceAccounts(caches: AccessKeyCaches): LiveServiceAccounts {
  return {
    usersOf({ namespace, name }) {
      const naming = caches.accessKeys.byIndex('serviceAccount', `${namespace}/${name}`);
      return naming
        .filter((one) => !one.spec.suspended && !isStopped(caches, one) && holdsUser(caches, one))
        .map((one) => ({
          id: one.uid,
          name: one.spec.user.name,
          groups: one.spec.user.groups ?? [],
        }));
    },
  };
}

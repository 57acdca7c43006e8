import type { ServiceAccountName } from '../../kube/names.ts';
import { type AccessKeyCaches, holdsUser, isBeingDeleted } from '../model/caches.ts';

/** A user for whom a ServiceAccount can get tokens. */
export interface ServiceAccountUser {
  /** uid of the AccessKey. */
  id: string;
  name: string;
  groups: readonly string[];
  /** Audiences that a token may have instead of the configured one. */
  audiences?: readonly string[] | undefined;
}

/** Finds the users of ServiceAccounts in the caches. */
export interface LiveServiceAccounts {
  /**
   * The users of the live AccessKeys that name this ServiceAccount and are in its namespace. An AccessKey is live if it
   * is not suspended, neither it nor its namespace is being deleted, and it holds its user.
   */
  usersOf(account: ServiceAccountName): ServiceAccountUser[];
}

export function createLiveServiceAccounts(caches: AccessKeyCaches): LiveServiceAccounts {
  return {
    usersOf({ namespace, name }) {
      const naming = caches.accessKeys.byIndex('serviceAccount', `${namespace}/${name}`);
      return naming
        .filter((one) => !one.spec.suspended && !isBeingDeleted(caches, one) && holdsUser(caches, one))
        .map((one) => ({
          id: one.uid,
          name: one.spec.user.name,
          groups: one.spec.user.groups ?? [],
          audiences: one.spec.audiences,
        }));
    },
  };
}

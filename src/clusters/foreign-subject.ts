import type { AccessSubject } from '../access/authorizer.ts';
import { isSystemName } from '../kube/names.ts';
import type { Cluster } from './cluster.ts';

/**
 * Converts a user of the local cluster for an access review in another cluster. Names with the prefix `system:` have a
 * meaning within one cluster only: a ServiceAccount is not the one of the same name elsewhere, and an administrator of one
 * cluster does not administer the other.
 *
 * @returns undefined for a user that does not exist in other clusters
 */
export function foreignSubject(subject: AccessSubject): AccessSubject | undefined {
  if (isSystemName(subject.name)) return undefined;
  const groups = subject.groups.filter((group) => !isSystemName(group));
  return groups.length === subject.groups.length ? subject : { name: subject.name, groups };
}

/** Wraps the authorizer of a registered cluster for users of the local cluster. */
export function forForeignSubjects(authorizer: Cluster['authorizer']): Cluster['authorizer'] {
  return {
    async mayListDeployments(subject, namespace) {
      const foreign = foreignSubject(subject);
      return foreign !== undefined && authorizer.mayListDeployments(foreign, namespace);
    },
    async mayGetDeployment(subject, namespace, name) {
      const foreign = foreignSubject(subject);
      return foreign !== undefined && authorizer.mayGetDeployment(foreign, namespace, name);
    },
    async visibleNamespaces(subject, nonEmpty, all) {
      const foreign = foreignSubject(subject);
      return foreign && authorizer.visibleNamespaces(foreign, nonEmpty, all);
    },
  };
}

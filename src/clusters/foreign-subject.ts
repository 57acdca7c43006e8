import type { Subject } from '../access/authorizer.ts';
import { isSystemName } from '../kube/names.ts';
import type { Cluster } from './cluster.ts';

/**
 * A user of this cluster as another cluster is to be asked about. What begins with `system:` is each cluster's own: the
 * ServiceAccount of one is not that of the same name in another, and who administers one does not administer the other.
 *
 * @returns undefined for a user who is nobody elsewhere
 */
export function foreignSubject(subject: Subject): Subject | undefined {
  if (isSystemName(subject.name)) return undefined;
  const groups = subject.groups.filter((group) => !isSystemName(group));
  return groups.length === subject.groups.length ? subject : { name: subject.name, groups };
}

/** An authorizer of a registered cluster, for users of this one. */
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
    async visibleNamespaces(subject, occupied, all) {
      const foreign = foreignSubject(subject);
      return foreign && authorizer.visibleNamespaces(foreign, occupied, all);
    },
  };
}

import type { KubernetesClient } from '../kube/client.ts';
import { resources } from '../kube/resource.ts';

interface AccessReview {
  status?: { allowed: boolean };
}

/** A user as the authorizers of the cluster see it. */
export interface AccessSubject {
  name: string;
  groups: readonly string[];
}

/** The requested access (authorization.k8s.io/v1, ResourceAttributes). */
export interface Attributes {
  verb: string;
  group: string;
  resource: string;
  /** If unset, all namespaces. */
  namespace?: string;
  /** For resourceNames of RBAC rules. */
  name?: string;
}

export interface Question {
  subject: AccessSubject;
  attributes: Attributes;
}

/** All groups of the user, including the one that the API server adds for every authenticated user. */
export function groupsOf({ groups }: AccessSubject): string[] {
  return [...new Set([...groups, 'system:authenticated'])];
}

/**
 * Asks all authorizers of the cluster (SubjectAccessReview, authorization.k8s.io/v1).
 *
 * @throws KubernetesError, ConnectionError if the cluster is unavailable
 */
export async function review(client: KubernetesClient, { subject, attributes }: Question): Promise<boolean> {
  const body = { spec: { user: subject.name, groups: groupsOf(subject), resourceAttributes: attributes } };
  const { status } = await client.create<AccessReview>(resources.subjectAccessReviews, body);
  return status?.allowed === true;
}

/**
 * Asks the same with a LocalSubjectAccessReview, which the operator may create with a Role only.
 *
 * @throws KubernetesError, ConnectionError if the cluster is unavailable
 */
export async function localReview(client: KubernetesClient, { subject, attributes }: Question): Promise<boolean> {
  const { namespace = '' } = attributes;
  const spec = { user: subject.name, groups: groupsOf(subject), resourceAttributes: attributes };
  const body = { metadata: { namespace }, spec };
  const reviews = { ...resources.localSubjectAccessReviews, namespace };
  const { status } = await client.create<AccessReview>(reviews, body);
  return status?.allowed === true;
}

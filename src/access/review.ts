import type { KubernetesClient } from '../kube/client.ts';
import { ConnectionError, KubernetesError } from '../kube/errors.ts';

/** A user as the cluster's authorizers see one. */
export interface Subject {
  name: string;
  groups: readonly string[];
}

/** What is asked for (authorization.k8s.io/v1, ResourceAttributes). */
export interface Attributes {
  verb: string;
  group: string;
  resource: string;
  /** Without one, all namespaces are asked for. */
  namespace?: string;
  /** For RBAC's resourceNames. */
  name?: string;
}

export interface Question {
  subject: Subject;
  attributes: Attributes;
}

/** All groups that count: as the API server itself does for whoever has signed in. */
export function groupsOf({ groups }: Subject): string[] {
  return [...new Set([...groups, 'system:authenticated'])];
}

/**
 * Asks all of the cluster's authorizers (SubjectAccessReview, authorization.k8s.io/v1).
 *
 * @throws KubernetesError, ConnectionError when the cluster cannot be asked
 */
export async function review(client: KubernetesClient, { subject, attributes }: Question): Promise<boolean> {
  const body = { spec: { user: subject.name, groups: groupsOf(subject), resourceAttributes: attributes } };
  const answer = await answered(client.authorization.createSubjectAccessReview({ body }));
  return answer.status?.allowed === true;
}

/**
 * Asks the same in the namespace that it is about (LocalSubjectAccessReview), which a Role can allow.
 *
 * @throws KubernetesError, ConnectionError when the cluster cannot be asked
 */
export async function localReview(client: KubernetesClient, { subject, attributes }: Question): Promise<boolean> {
  const { namespace = '' } = attributes;
  const spec = { user: subject.name, groups: groupsOf(subject), resourceAttributes: attributes };
  const body = { metadata: { namespace }, spec };
  const answer = await answered(client.authorization.createNamespacedLocalSubjectAccessReview({ namespace, body }));
  return answer.status?.allowed === true;
}

/** What breaks off in the middle, or is no JSON, is no answer. */
async function answered<T>(review: Promise<T>): Promise<T> {
  try {
    return await review;
  } catch (error) {
    if (error instanceof KubernetesError || error instanceof ConnectionError) throw error;
    throw new ConnectionError('a review was not answered by a review', { cause: error });
  }
}

import type { KubernetesClient } from '../kube/client.ts';
import { ConnectionError } from '../kube/errors.ts';
import { type Resource, resources } from '../kube/resource.ts';

interface AccessReview {
  status?: { allowed?: unknown };
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
export function review(client: KubernetesClient, question: Question): Promise<boolean> {
  return ask(client, resources.subjectAccessReviews, { spec: specOf(question) });
}

/**
 * Asks the same with a LocalSubjectAccessReview, which the operator may create with a Role only.
 *
 * @throws KubernetesError, ConnectionError if the cluster is unavailable
 */
export function localReview(client: KubernetesClient, question: Question): Promise<boolean> {
  const { namespace = '' } = question.attributes;
  const reviews = { ...resources.localSubjectAccessReviews, namespace };
  return ask(client, reviews, { metadata: { namespace }, spec: specOf(question) });
}

function specOf({ subject, attributes }: Question): object {
  return { user: subject.name, groups: groupsOf(subject), resourceAttributes: attributes };
}

/** A response without a decision, for example of a broken proxy, is not a denial. */
async function ask(client: KubernetesClient, reviews: Resource, body: object): Promise<boolean> {
  const { status } = await client.create<AccessReview>(reviews, body);
  if (typeof status?.allowed !== 'boolean') throw new ConnectionError(`${reviews.plural}: response has no decision`);
  return status.allowed;
}

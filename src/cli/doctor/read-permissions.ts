import type { KubernetesClient } from '../../kube/client.ts';
import { parseUsername } from '../../kube/names.ts';
import { type Resource, resources } from '../../kube/resource.ts';
import type { Permission, ReviewedPermission } from './check-permissions.ts';
import { readFact, readWith } from './read-fact.ts';

interface Review {
  readonly status?: { readonly allowed?: boolean };
}

/** Reviews permissions of the user of the connection. */
export function reviewOwn(client: KubernetesClient, permissions: readonly Permission[]): Promise<ReviewedPermission[]> {
  return review(client, resources.selfSubjectAccessReviews, {}, permissions);
}

/** Reviews permissions of a ServiceAccount, which requires the permission to create SubjectAccessReviews. */
export function reviewServiceAccount(
  client: KubernetesClient,
  user: string,
  permissions: readonly Permission[],
): Promise<ReviewedPermission[]> {
  const namespace = parseUsername(user)?.namespace;
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  return review(client, resources.subjectAccessReviews, { user, groups }, permissions);
}

/** Sends the first review alone: without permission, no other is sent. */
async function review(
  client: KubernetesClient,
  resource: Resource,
  subject: object,
  [first, ...others]: readonly Permission[],
): Promise<ReviewedPermission[]> {
  if (first === undefined) return [];
  const send = async (permission: Permission): Promise<ReviewedPermission> => {
    const answer = await readFact(() => client.create<Review>(resource, bodyOf(subject, permission)));
    return { permission, allowed: await readWith(answer, async ({ status }) => status?.allowed === true) };
  };
  const answered = await send(first);
  return 'missing' in answered.allowed ? [answered] : [answered, ...(await Promise.all(others.map(send)))];
}

function bodyOf(subject: object, { resource, ...attributes }: Permission): object {
  const [name, subresource] = resource.split('/');
  const resourceAttributes = { ...attributes, resource: name, ...(subresource !== undefined && { subresource }) };
  return { spec: { ...subject, resourceAttributes } };
}

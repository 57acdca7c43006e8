import type { Authorizer, Subject } from './authorizer.ts';

/** Reviews that are asked for at the same time. */
const concurrentReviews = 16;

/**
 * Which of the namespaces a user may list deployments in. The right to all namespaces is asked for first: then that one
 * review was enough.
 *
 * @returns the allowed ones of `namespaces`, in their order; undefined when the user has no right at all
 */
export async function visibleNamespaces(
  authorizer: Authorizer,
  subject: Subject,
  namespaces: readonly string[],
): Promise<readonly string[] | undefined> {
  if (await authorizer.mayListDeployments(subject)) return namespaces;
  const visible: string[] = [];
  for (let start = 0; start < namespaces.length; start += concurrentReviews) {
    const some = namespaces.slice(start, start + concurrentReviews);
    const allowed = await Promise.all(some.map((namespace) => authorizer.mayListDeployments(subject, namespace)));
    visible.push(...some.filter((_, index) => allowed[index]));
  }
  return visible.length > 0 ? visible : undefined;
}

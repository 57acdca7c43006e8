import type { Authorizer, Subject } from './authorizer.ts';

type DeploymentAuthorizer = Pick<Authorizer, 'mayListDeployments'>;

/** Reviews that are asked for at the same time. */
const concurrentReviews = 16;

/**
 * Which of the namespaces a user may list deployments in. The right to all namespaces is asked for first: then that one
 * review was enough.
 *
 * @param candidates namespaces that hold something
 * @param all all namespaces: who may see only empty ones has a right all the same
 * @returns the allowed ones of `candidates`, in their order; undefined when the user has no right at all
 */
export async function visibleNamespaces(
  authorizer: DeploymentAuthorizer,
  subject: Subject,
  candidates: readonly string[],
  all: Iterable<string>,
): Promise<readonly string[] | undefined> {
  if (await authorizer.mayListDeployments(subject)) return candidates;
  const visible: string[] = [];
  for await (const some of allowedAmong(authorizer, subject, candidates)) visible.push(...some);
  if (visible.length > 0) return visible;
  const known = new Set(candidates);
  const others = [...all].filter((namespace) => !known.has(namespace));
  for await (const some of allowedAmong(authorizer, subject, others)) if (some.length > 0) return [];
  return undefined;
}

/** The namespaces that are allowed, a handful of reviews at a time. */
async function* allowedAmong(
  authorizer: DeploymentAuthorizer,
  subject: Subject,
  namespaces: readonly string[],
): AsyncGenerator<readonly string[]> {
  for (let start = 0; start < namespaces.length; start += concurrentReviews) {
    const some = namespaces.slice(start, start + concurrentReviews);
    const allowed = await Promise.all(some.map((namespace) => authorizer.mayListDeployments(subject, namespace)));
    yield some.filter((_, index) => allowed[index]);
  }
}

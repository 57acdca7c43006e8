import type { ReviewCount } from './decisions.ts';
import { UndecidedError, withTimeout } from './limit.ts';
import type { AccessSubject } from './review.ts';

/** Namespaces that one listing checks at the same time. */
const concurrency = 8;
/** Time limit for all decisions of one listing, milliseconds. */
const listingTimeoutMs = 10_000;

/**
 * Namespaces in which the user may have permissions; undefined means any namespace.
 *
 * Only narrows what is checked: a namespace is shown only if the cluster allows it.
 */
export type NamespacesToCheck = (subject: AccessSubject) => Promise<ReadonlySet<string> | undefined>;

/**
 * Finds the namespaces in which a user may list one resource, Deployments or AccessKeys. The permission in all namespaces
 * is checked first, since that one review can be enough.
 *
 * @param nonEmpty namespaces that contain objects of it
 * @param everyNamespace includes the empty ones: a permission in an empty namespace counts as well
 * @returns `all`, or the allowed ones of `nonEmpty` in their order; undefined if the user has no permission at all
 * @throws KubernetesError, ConnectionError if the cluster is unavailable
 * @throws UndecidedError when it takes too long
 */
export type VisibleNamespaces = (
  subject: AccessSubject,
  nonEmpty: readonly string[],
  everyNamespace: Iterable<string>,
) => Promise<'all' | readonly string[] | undefined>;

export interface VisibilityOptions {
  /** If `namespace` is undefined, checks all namespaces at once. */
  mayList: (subject: AccessSubject, namespace: string | undefined, count: ReviewCount) => Promise<boolean>;
  namespacesToCheck: NamespacesToCheck;
  /** Called with the number of reviews of each listing. */
  listed: (reviews: number) => void;
}

/** Creates the search for visible namespaces. Caching is up to `mayList`. */
export function createVisibility({ mayList, namespacesToCheck, listed }: VisibilityOptions): VisibleNamespaces {
  return async (subject, nonEmpty, everyNamespace) => {
    // A flag, not an AbortSignal: creating its exception with a stack took 3 % of a listing's CPU time.
    let isOver = false;
    const count = { reviews: 0 };
    const check = async (namespace?: string) => {
      if (isOver) throw new UndecidedError('the listing has ended');
      return mayList(subject, namespace, count);
    };
    const toCheck = () => namespacesToCheck(subject);
    const search = findVisible({ check, namespacesToCheck: toCheck, nonEmpty, everyNamespace });
    try {
      return await withTimeout(listingTimeoutMs, search);
    } finally {
      isOver = true;
      listed(count.reviews);
    }
  };
}

interface Search {
  check: (namespace?: string) => Promise<boolean>;
  /** Called only if the user may not list all namespaces. */
  namespacesToCheck: () => ReturnType<NamespacesToCheck>;
  nonEmpty: readonly string[];
  everyNamespace: Iterable<string>;
}

async function findVisible(search: Search): ReturnType<VisibleNamespaces> {
  const { check, namespacesToCheck, nonEmpty, everyNamespace } = search;
  if (await check()) return 'all';
  const restriction = await namespacesToCheck();
  const isToCheck = (namespace: string) => restriction?.has(namespace) ?? true;
  const visible = await allowedAmong(nonEmpty.filter(isToCheck), check);
  if (visible.length > 0) return visible;
  const checked = new Set(nonEmpty);
  const empty = [...everyNamespace].filter((namespace) => !checked.has(namespace) && isToCheck(namespace));
  return (await allowedAmong(empty, check, 1)).length > 0 ? [] : undefined;
}

/**
 * Checks several namespaces at the same time.
 *
 * @param limit the number of allowed namespaces after which the search stops
 * @returns the allowed namespaces, in the order of `namespaces`
 */
async function allowedAmong(
  namespaces: readonly string[],
  check: (namespace: string) => Promise<boolean>,
  limit = Number.POSITIVE_INFINITY,
): Promise<readonly string[]> {
  const allowed = new Set<string>();
  // All workers take from one iterator.
  const queue = namespaces.values();
  async function work(): Promise<void> {
    for (const namespace of queue) {
      if (await check(namespace)) allowed.add(namespace);
      if (allowed.size >= limit) return;
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work));
  return namespaces.filter((namespace) => allowed.has(namespace));
}

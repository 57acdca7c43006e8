import { UndecidedError, within } from './deadline.ts';
import type { ReviewCount } from './decisions.ts';
import type { Subject } from './review.ts';

/** Namespaces that are asked about at the same time for one listing. */
const concurrentQuestions = 8;
/** How long the decisions for one listing may take, milliseconds. */
const listingMs = 10_000;

/**
 * Namespaces in which the user may have rights; undefined when that can be any.
 *
 * Only a hint where to ask: a namespace is shown when the cluster says so.
 */
export type Candidates = (subject: Subject) => Promise<ReadonlySet<string> | undefined>;

/**
 * Which of the namespaces a user may list deployments in. The right to all namespaces is asked for first: then that one
 * review was enough.
 *
 * @param occupied namespaces that hold something
 * @param all all namespaces: who may see only empty ones has a right all the same
 * @returns the allowed ones of `occupied`, in their order; undefined when the user has no right at all
 * @throws KubernetesError, ConnectionError when the cluster cannot be asked
 * @throws UndecidedError when it takes too long
 */
export type VisibleNamespaces = (
  subject: Subject,
  occupied: readonly string[],
  all: Iterable<string>,
) => Promise<readonly string[] | undefined>;

export interface VisibilityOptions {
  /** Without a namespace all are asked about at once. */
  mayList: (subject: Subject, namespace: string | undefined, count: ReviewCount) => Promise<boolean>;
  candidates: Candidates;
  /** Told how many reviews each listing caused. */
  listed: (reviews: number) => void;
}

/** Prepares to find what users may see; how the rights are decided, and remembered, is up to `mayList`. */
export function createVisibility({ mayList, candidates, listed }: VisibilityOptions): VisibleNamespaces {
  return async (subject, occupied, all) => {
    // Not an AbortSignal: the exception that it would be aborted with, and its stack, were 3 % of a listing's CPU time.
    let isOver = false;
    const count = { reviews: 0 };
    const ask = async (namespace?: string) => {
      if (isOver) throw new UndecidedError('nobody waits for the decision any more');
      return mayList(subject, namespace, count);
    };
    try {
      return await within(
        listingMs,
        search(ask, () => candidates(subject), occupied, all),
      );
    } finally {
      isOver = true;
      listed(count.reviews);
    }
  };
}

/** @param candidates only looked at by who may not list all namespaces */
async function search(
  ask: (namespace?: string) => Promise<boolean>,
  candidates: () => ReturnType<Candidates>,
  occupied: readonly string[],
  all: Iterable<string>,
): Promise<readonly string[] | undefined> {
  if (await ask()) return occupied;
  const bound = await candidates();
  const isCandidate = (namespace: string) => bound?.has(namespace) ?? true;
  const visible = await allowedAmong(occupied.filter(isCandidate), ask);
  if (visible.length > 0) return visible;
  const known = new Set(occupied);
  const others = [...all].filter((namespace) => !known.has(namespace) && isCandidate(namespace));
  return (await allowedAmong(others, ask, 1)).length > 0 ? [] : undefined;
}

/**
 * The namespaces that are allowed, in the order given; some are asked about at the same time.
 *
 * @param enough so many are enough
 */
async function allowedAmong(
  namespaces: readonly string[],
  ask: (namespace: string) => Promise<boolean>,
  enough = Number.POSITIVE_INFINITY,
): Promise<readonly string[]> {
  const allowed = new Set<string>();
  const rest = namespaces.values();
  async function work(): Promise<void> {
    for (const namespace of rest) {
      if (await ask(namespace)) allowed.add(namespace);
      if (allowed.size >= enough) return;
    }
  }
  await Promise.all(Array.from({ length: concurrentQuestions }, work));
  return namespaces.filter((namespace) => allowed.has(namespace));
}

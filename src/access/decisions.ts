import { ConnectionError, KubernetesError } from '../kube/errors.ts';
import { createCircuitBreaker } from './circuit-breaker.ts';
import { createDecisionCache } from './decision-cache.ts';
import { UndecidedError, withTimeout } from './limit.ts';

/** Bounds of the decision cache: about 30 MB, and no subject has more than a quarter of it. */
const maxDecisions = { total: 100_000, perSubject: 25_000 };
/** Time limit of one decision, milliseconds, including the wait in the queue. */
const decisionTimeoutMs = 5_000;
/**
 * How long a review may take before the stale fallback is used, milliseconds: less than the time limits of a listing over
 * several clusters (visible.ts), which would otherwise leave out a cluster that hangs, although it has valid caches.
 * Short if there are signs that the cluster does not respond.
 */
const responseTimeoutMs = { usual: 1_500, suspect: 250 };

export interface DecisionOptions<Q> {
  /**
   * Asks the cluster.
   *
   * @param sent must be called when the question has left the queue
   */
  ask: (question: Q, sent: () => void) => Promise<boolean>;
  /** A key for the subject of a question; each subject has a share of the cache. */
  subjectKeyOf: (question: Q) => string;
  /** Lifetime of a cached decision, seconds. */
  cacheSeconds: number;
  /** Maximum age of a decision that serves as the stale fallback, seconds. */
  maxStaleSeconds: number;
  /** Whether a watch of the cluster is open. Without one, the cluster probably does not respond. */
  isWatching: () => boolean;
  /** Called for each use of a stale decision. */
  usedStaleDecision: () => void;
}

/** Counts the reviews that a caller caused. */
export interface ReviewCount {
  reviews: number;
}

/**
 * Decides a question.
 *
 * @param key equal only for equal questions
 * @throws KubernetesError, ConnectionError if the cluster is unavailable and there is no stale fallback
 * @throws UndecidedError when the question did not reach the front of the queue in time. There is no stale fallback
 *   then, unless the circuit is open: a user with many requests could keep a revoked permission
 */
export type Decide<Q> = (key: string, question: Q, count?: ReviewCount) => Promise<boolean>;

interface Decision {
  allowed: boolean;
  /** When the question was asked, monotonic milliseconds: the permission may have been revoked since then. */
  at: number;
}

/** A question that has no answer yet. */
interface Review {
  /** Resolves when the question has left the queue. */
  readonly sent: Promise<void>;
  readonly answer: Promise<boolean>;
}

/**
 * Caches decisions, both allowed and denied, and merges equal questions in flight. When the cluster is unavailable, the
 * last decision is the fallback for a while, as stale-if-error of RFC 5861 section 4; an answer of the cluster takes
 * precedence, also for the next request if it arrives too late for this one.
 */
export function createDecisions<Q>(options: DecisionOptions<Q>): Decide<Q> {
  const { ask, subjectKeyOf, cacheSeconds, maxStaleSeconds, isWatching, usedStaleDecision } = options;
  const cache = createDecisionCache<Decision>(maxDecisions);
  const inFlight = new Map<string, Review>();
  const breaker = createCircuitBreaker();

  async function send(key: string, question: Q, sent: () => void): Promise<boolean> {
    const at = performance.now();
    try {
      const allowed = await ask(question, sent);
      cache.set(subjectKeyOf(question), key, { allowed, at });
      breaker.recordResponse();
      return allowed;
    } catch (error) {
      recordError(error);
      throw error;
    } finally {
      inFlight.delete(key);
    }
  }

  function recordError(error: unknown): void {
    // An UndecidedError means that no request was sent.
    if (error instanceof UndecidedError) return;
    if (error instanceof ConnectionError) breaker.recordFailure();
    else breaker.recordResponse();
  }

  function join(key: string, question: Q, count: ReviewCount | undefined): Review {
    const present = inFlight.get(key);
    if (present) return present;
    if (count) count.reviews += 1;
    const { promise: sent, resolve } = Promise.withResolvers<void>();
    const review = { sent, answer: send(key, question, resolve) };
    inFlight.set(key, review);
    return review;
  }

  /** @throws the error, if it does not mean that the cluster is unavailable or the decision is too old */
  function fallBackTo(decision: Decision, error: unknown): boolean {
    const isUnavailable = error instanceof UndecidedError || isTransient(error);
    if (!isUnavailable || !isYounger(decision, maxStaleSeconds)) throw error;
    usedStaleDecision();
    return decision.allowed;
  }

  async function answerOrFallback({ sent, answer }: Review, fallback: Decision): Promise<boolean> {
    const isOpen = breaker.isOpen();
    // While the circuit is closed, the time in the queue is not that of the cluster.
    if (!isOpen) await withTimeout(decisionTimeoutMs, Promise.race([sent, answer]));
    const limit = isOpen || !isWatching() ? responseTimeoutMs.suspect : responseTimeoutMs.usual;
    try {
      return await withTimeout(limit, answer);
    } catch (error) {
      if (error instanceof UndecidedError && !isOpen) breaker.recordFailure();
      return fallBackTo(fallback, error);
    }
  }

  return async (key, question, count) => {
    const cached = cache.get(key);
    if (cached && isYounger(cached, cacheSeconds)) return cached.allowed;
    if (!cached || !isYounger(cached, maxStaleSeconds)) {
      return withTimeout(decisionTimeoutMs, join(key, question, count).answer);
    }
    if (breaker.allowsRequest()) return answerOrFallback(join(key, question, count), cached);
    usedStaleDecision();
    return cached.allowed;
  };
}

function isYounger({ at }: Decision, seconds: number): boolean {
  return performance.now() - at < seconds * 1000;
}

/** Whether a later attempt may succeed: no response, too many requests, or an error of the API server itself. */
function isTransient(error: unknown): boolean {
  if (error instanceof KubernetesError) return error.status === 429 || error.status >= 500;
  return error instanceof ConnectionError;
}

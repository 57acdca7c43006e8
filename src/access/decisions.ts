import { ConnectionError, KubernetesError } from '../kube/errors.ts';
import { createCircuitBreaker } from './circuit-breaker.ts';
import { createDecisionCache } from './decision-cache.ts';
import { UndecidedError, withTimeout } from './limit.ts';

/** Bounds of the decision cache: about 30 MB, and no subject has more than a quarter of it. */
const maxDecisions = { total: 100_000, perSubject: 25_000 };
/** Time limit of one decision, milliseconds, including the wait in the queue. */
const decisionTimeoutMs = 5_000;

export interface DecisionOptions<Q> {
  /** Asks the cluster. */
  ask: (question: Q) => Promise<boolean>;
  /** A key for the subject of a question; each subject has a share of the cache. */
  subjectKeyOf: (question: Q) => string;
  /** Lifetime of a cached decision, seconds. */
  cacheSeconds: number;
  /** Maximum age of a decision that serves as the stale fallback, seconds. */
  maxStaleSeconds: number;
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
 *   then: a user with many requests could keep a revoked permission
 */
export type Decide<Q> = (key: string, question: Q, count?: ReviewCount) => Promise<boolean>;

interface Decision {
  allowed: boolean;
  /** When the question was asked, monotonic milliseconds: the permission may have been revoked since then. */
  at: number;
}

/**
 * Caches decisions, both allowed and denied, and merges equal questions in flight. When the cluster is unavailable, the
 * last decision is the fallback for a while, as stale-if-error of RFC 5861 section 4; an answer of the cluster always
 * takes precedence.
 */
export function createDecisions<Q>(options: DecisionOptions<Q>): Decide<Q> {
  const { ask, subjectKeyOf, cacheSeconds, maxStaleSeconds, usedStaleDecision } = options;
  const cache = createDecisionCache<Decision>(maxDecisions);
  const inFlight = new Map<string, Promise<boolean>>();
  const breaker = createCircuitBreaker();

  async function send(key: string, question: Q): Promise<boolean> {
    const at = performance.now();
    try {
      const allowed = await ask(question);
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

  function join(key: string, question: Q, count: ReviewCount | undefined): Promise<boolean> {
    const present = inFlight.get(key);
    if (present) return present;
    if (count) count.reviews += 1;
    const sent = send(key, question);
    inFlight.set(key, sent);
    return sent;
  }

  function fallBackTo({ allowed }: Decision): boolean {
    usedStaleDecision();
    return allowed;
  }

  return async (key, question, count) => {
    const cached = cache.get(key);
    if (isYounger(cached, cacheSeconds)) return cached.allowed;
    const fallback = isYounger(cached, maxStaleSeconds) ? cached : undefined;
    if (fallback && !breaker.allowsRequest()) return fallBackTo(fallback);
    try {
      return await withTimeout(decisionTimeoutMs, join(key, question, count));
    } catch (error) {
      if (!fallback || !isTransient(error)) throw error;
      return fallBackTo(fallback);
    }
  };
}

function isYounger(decision: Decision | undefined, seconds: number): decision is Decision {
  return decision !== undefined && performance.now() - decision.at < seconds * 1000;
}

/** Whether a later attempt may succeed: no response, too many requests, or an error of the API server itself. */
function isTransient(error: unknown): boolean {
  if (error instanceof KubernetesError) return error.status === 429 || error.status >= 500;
  return error instanceof ConnectionError;
}

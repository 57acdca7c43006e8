import { ConnectionError, KubernetesError } from '../kube/errors.ts';
import { createSilence } from './circuit-breaker.ts';
import { UndecidedError, within } from './deadline.ts';
import { createRemembered } from './decision-cache.ts';

/** Bounds of remembered decisions: some 30 MB, of which nobody has more than a quarter. */
const maxDecisions = { total: 100_000, perOwner: 25_000 };
/** How long somebody waits for a decision, milliseconds: for its turn, and for the answer. */
const patienceMs = 5_000;

export interface DecisionOptions<Question> {
  /** Asks the cluster. */
  ask: (question: Question) => Promise<boolean>;
  /** Who asks: each has a share of what is remembered. */
  ownerOf: (question: Question) => string;
  /** How long a decision holds, seconds. */
  cacheSeconds: number;
  /** How old a decision may be that stands in when the cluster cannot be asked, seconds. */
  maxStaleSeconds: number;
  /** Told each time that one did. */
  stoodIn: () => void;
}

/** Counts the questions that the cluster was asked for somebody. */
export interface ReviewCount {
  reviews: number;
}

/**
 * Decides a question.
 *
 * @param key equal for equal questions only
 * @throws KubernetesError, ConnectionError when the cluster cannot be asked and nothing is remembered
 * @throws UndecidedError when its turn did not come in time. Nothing stands in then: or who asks a lot could keep a
 *   right that was taken away
 */
export type Decide<Question> = (key: string, question: Question, count?: ReviewCount) => Promise<boolean>;

interface Decision {
  allowed: boolean;
  /** When it was asked for, monotonic milliseconds: a right may be gone from then on. */
  at: number;
}

/**
 * Remembers decisions, permits and denials. Equal questions under way are one. When the cluster cannot be asked, the last
 * decision stands in for a while, as stale-if-error of RFC 5861 section 4; what the cluster answers always counts more.
 */
export function createDecisions<Question>(options: DecisionOptions<Question>): Decide<Question> {
  const { ask, ownerOf, cacheSeconds, maxStaleSeconds, stoodIn } = options;
  const remembered = createRemembered<Decision>(maxDecisions);
  const underWay = new Map<string, Promise<boolean>>();
  const silence = createSilence();

  async function begin(key: string, question: Question): Promise<boolean> {
    const at = performance.now();
    try {
      const allowed = await ask(question);
      remembered.set(ownerOf(question), key, { allowed, at });
      silence.broken();
      return allowed;
    } catch (error) {
      if (error instanceof ConnectionError) silence.begun();
      // Where no question was sent, nothing was answered.
      else if (!(error instanceof UndecidedError)) silence.broken();
      throw error;
    } finally {
      underWay.delete(key);
    }
  }

  function join(key: string, question: Question, count: ReviewCount | undefined): Promise<boolean> {
    const present = underWay.get(key);
    if (present) return present;
    if (count) count.reviews += 1;
    const begun = begin(key, question);
    underWay.set(key, begun);
    return begun;
  }

  function standIn({ allowed }: Decision): boolean {
    stoodIn();
    return allowed;
  }

  return async (key, question, count) => {
    const last = remembered.get(key);
    if (isYounger(last, cacheSeconds)) return last.allowed;
    const spare = isYounger(last, maxStaleSeconds) ? last : undefined;
    if (spare && !silence.mayAsk()) return standIn(spare);
    try {
      return await within(patienceMs, join(key, question, count));
    } catch (error) {
      if (!spare || !isUnanswered(error)) throw error;
      return standIn(spare);
    }
  };
}

function isYounger(decision: Decision | undefined, seconds: number): decision is Decision {
  return decision !== undefined && performance.now() - decision.at < seconds * 1000;
}

/** Whether it may be answered another time: no answer, too many requests, or the API server's own trouble. */
function isUnanswered(error: unknown): boolean {
  if (error instanceof KubernetesError) return error.status === 429 || error.status >= 500;
  return error instanceof ConnectionError;
}

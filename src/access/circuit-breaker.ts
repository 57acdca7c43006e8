/** Between two attempts while the cluster is silent, milliseconds. */
const attemptEveryMs = 1_000;

/** Whether the cluster is silent: then not everybody waits for its answer, one attempt each second is enough. */
export interface Silence {
  /** A question got no answer. */
  begun(): void;
  /** A question was answered. */
  broken(): void;
  /** Whether to ask. While it is silent, who is told so is the attempt of that second. */
  mayAsk(): boolean;
}

/** A circuit breaker that is half open each second. */
export function createSilence(now: () => number = () => performance.now()): Silence {
  /** undefined while it answers. */
  let attemptedAt: number | undefined;
  return {
    begun() {
      attemptedAt = now();
    },
    broken() {
      attemptedAt = undefined;
    },
    mayAsk() {
      if (attemptedAt === undefined) return true;
      if (now() - attemptedAt < attemptEveryMs) return false;
      attemptedAt = now();
      return true;
    },
  };
}

/** Time between two attempts while the circuit is open, milliseconds. */
const retryIntervalMs = 1_000;

/** Spares requests the wait for a cluster that does not respond: while open, it lets one attempt through each second. */
export interface CircuitBreaker {
  /** The cluster did not respond: opens the circuit. */
  recordFailure(): void;
  /** The cluster responded: closes the circuit. */
  recordResponse(): void;
  /** Whether to send a request. While the circuit is open, `true` reserves the attempt of that second. */
  allowsRequest(): boolean;
}

/** A circuit breaker that is half-open once a second. */
export function createCircuitBreaker(now: () => number = () => performance.now()): CircuitBreaker {
  /** Time of the last attempt; undefined while the circuit is closed. */
  let attemptedAt: number | undefined;
  return {
    recordFailure() {
      attemptedAt = now();
    },
    recordResponse() {
      attemptedAt = undefined;
    },
    allowsRequest() {
      if (attemptedAt === undefined) return true;
      if (now() - attemptedAt < retryIntervalMs) return false;
      attemptedAt = now();
      return true;
    },
  };
}

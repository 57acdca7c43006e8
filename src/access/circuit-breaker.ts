/** Time between two attempts while the circuit is open, milliseconds. */
const retryIntervalMs = 1_000;

/** While open, lets one request per second through, so that the others do not wait for a cluster that does not respond. */
export interface CircuitBreaker {
  /** The cluster did not respond: opens the circuit. */
  recordFailure(): void;
  /** The cluster responded: closes the circuit. */
  recordResponse(): void;
  isOpen(): boolean;
  /** Whether to send a request. While the circuit is open, `true` reserves the attempt of that second. */
  allowsRequest(): boolean;
}

/**
 * A circuit breaker that is half-open once a second.
 *
 * @param now monotonic clock, milliseconds
 */
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
    isOpen: () => attemptedAt !== undefined,
    allowsRequest() {
      if (attemptedAt === undefined) return true;
      if (now() - attemptedAt < retryIntervalMs) return false;
      attemptedAt = now();
      return true;
    },
  };
}

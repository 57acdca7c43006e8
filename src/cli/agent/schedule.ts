/** When the agent requests the next token; pure. All times are those of the steady clock (clock.ts), milliseconds. */
import { backoffMs } from '../../kube/time.ts';

/** The validity of a token. */
export interface Validity {
  readonly obtainedAt: number;
  readonly expiresAt: number;
}

/** State of the agent between two checks. */
export interface AgentState {
  /** Validity of the token in the file; undefined if there is none. */
  readonly validity: Validity | undefined;
  /** Fingerprint of the credential that was used last; undefined before the first request. */
  readonly fingerprint: string | undefined;
  /** Failed requests since the last successful one. */
  readonly failures: number;
  /** When the next request is due. */
  readonly dueAt: number;
}

/** What a request was made with, and the moment of the response. */
export interface Attempt {
  readonly fingerprint: string;
  readonly now: number;
  /** From 0 to 1, exclusive. */
  readonly random: number;
}

/** Shortest time between two successful requests: the closer a key pair is to its expiry, the shorter its tokens are valid. */
const minRefreshMs = 5_000;
/** Jitter of the refresh, as a share of half of the lifetime: pods that start together do not refresh together. */
const jitter = 0.1;
const backoff = { baseMs: 1_000, maxMs: 60_000 };
/** Longest Retry-After that is honored: one wrong header must not stop the agent for hours. */
export const maxRetryAfterMs = 300_000;

/**
 * The state at the start. The first request is due immediately.
 *
 * @param validity validity of a token that an earlier run has left in the file
 */
export function initialState(validity?: Validity): AgentState {
  return { validity, fingerprint: undefined, failures: 0, dueAt: Number.NEGATIVE_INFINITY };
}

/** Checks whether to request a token now: the time has come, or the credential has changed. */
export function isDue({ dueAt, fingerprint }: AgentState, currentFingerprint: string, now: number): boolean {
  return now >= dueAt || currentFingerprint !== fingerprint;
}

/** Checks whether the file contains a token that has not expired. */
export function isReady({ validity }: AgentState, now: number): boolean {
  return validity !== undefined && now < validity.expiresAt;
}

/** @returns the state after a token was written: the next request is due at half of its lifetime, with jitter */
export function afterSuccess(validity: Validity, { fingerprint, now, random }: Attempt): AgentState {
  const half = (validity.expiresAt - validity.obtainedAt) / 2;
  const delay = Math.max(minRefreshMs, half * (1 - jitter + 2 * jitter * random));
  return { validity, fingerprint, failures: 0, dueAt: now + delay };
}

/**
 * @param retryAfterMs wait of the response (RFC 9110 section 10.2.3); 0 if it has none
 * @returns the state after a failure: keeps the token, and backs off exponentially
 */
export function afterFailure(state: AgentState, retryAfterMs: number, attempt: Attempt): AgentState {
  const { fingerprint, now, random } = attempt;
  const failures = state.failures + 1;
  const delay = Math.max(
    backoffMs(failures, backoff, () => random),
    Math.min(retryAfterMs, maxRetryAfterMs),
  );
  return { ...state, fingerprint, failures, dueAt: now + delay };
}

/** Waiting, and judging times that another clock recorded. */

/** Resolves when the signal aborts; immediately if it already has. */
export function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  else signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}

/**
 * Waits for a promise, at most until the signal aborts. For loops: each race with a promise that stays pending, such as
 * `aborted`, would keep some memory until that promise is settled.
 */
export async function untilAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  try {
    await Promise.race([promise, ended]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/**
 * Waits for a promise whose result is not needed after an abort, such as a read that cannot be canceled.
 *
 * @throws the reason of the signal if it aborts; what the promise rejects with
 */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  await untilAborted(promise, signal);
  signal.throwIfAborted();
  return promise;
}

/** Resolves after a time in milliseconds or when the signal aborts, whichever is first. Never rejects. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(end, ms);
  function end(): void {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    resolve();
  }
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  return promise;
}

/**
 * Limits the time of a call. Rejects at the limit or when the outer signal aborts, even if the call ignores its signal,
 * such as a credential plug-in that hangs.
 */
export async function within<T>(
  ms: number,
  outer: AbortSignal | undefined,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const inner = new AbortController();
  const limit = Promise.withResolvers<never>();
  const cancel = () => {
    inner.abort();
    limit.reject(new Error(`no response within ${Math.round(ms)} ms`));
  };
  const timer = setTimeout(cancel, ms);
  outer?.addEventListener('abort', cancel, { once: true });
  try {
    outer?.throwIfAborted();
    return await Promise.race([call(inner.signal), limit.promise]);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', cancel);
  }
}

export interface BackoffOptions {
  /** First delay, milliseconds. */
  baseMs: number;
  /** Longest delay, milliseconds. */
  maxMs: number;
}

/**
 * Delay before the next attempt: exponential, with a random half so that clients spread out.
 *
 * @param failures number of consecutive failures, from 1
 * @returns milliseconds
 */
export function backoffMs(failures: number, { baseMs, maxMs }: BackoffOptions, random = Math.random): number {
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return full / 2 + (full / 2) * random();
}

/** How far the clocks of replicas may differ, milliseconds. */
export const replicaSkewMs = 300_000;

/**
 * Checks whether a time that was recorded as past lies in the future, so the clock that recorded it, here or at another
 * replica, was ahead. Waiting for such a time could take arbitrarily long.
 *
 * @param time and now: milliseconds since the epoch
 */
export function isAhead(time: number, now: number): boolean {
  return time > now + replicaSkewMs;
}

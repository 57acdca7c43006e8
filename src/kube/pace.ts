import { pause } from './time.ts';

/** Share of the time that may be spent on one API server in the long run. */
const share = 0.1;
/** Time that may be spent on it at once, milliseconds: far more than the first list of a large cluster takes. */
const burstMs = 10_000;
/** How long the work may go on before other work of the process gets a turn, milliseconds. */
const sliceMs = 10;

/** Limits the time that this process spends on the responses of one API server, whatever that sends. */
export interface Pace {
  /** Counts time that was spent, milliseconds. */
  spent(ms: number): void;
  /** Waits until the work may go on, or the signal aborts. */
  turn(signal?: AbortSignal): Promise<void>;
}

/**
 * Creates a token bucket of time. A limit of bytes or events would not bound the time: some take a thousand times as
 * long as others of the same length.
 *
 * @param now monotonic clock, milliseconds
 */
export function createPace(now: () => number = () => performance.now()): Pace {
  let availableMs = burstMs;
  let at = now();
  let sinceTurn = 0;

  function take(ms: number): void {
    const next = now();
    availableMs = Math.min(burstMs, availableMs + (next - at) * share) - ms;
    at = next;
  }

  return {
    spent(ms) {
      take(ms);
      sinceTurn += ms;
    },
    async turn(signal = new AbortController().signal) {
      take(0);
      if (sinceTurn < sliceMs && availableMs >= 0) return;
      sinceTurn = 0;
      await pause(Math.max(0, -availableMs / share), signal);
    },
  };
}

/** Does work at once and counts its time. */
export function charged<T>(pace: Pace | undefined, work: () => T): T {
  const startedAt = performance.now();
  try {
    return work();
  } finally {
    pace?.spent(performance.now() - startedAt);
  }
}

/** Passes items on, counts the time that their consumer takes until the next one, and waits when that was too long. */
export async function* paced<T>(items: AsyncIterable<T>, pace: Pace, signal?: AbortSignal): AsyncGenerator<T> {
  for await (const item of items) {
    const startedAt = performance.now();
    try {
      yield item;
    } finally {
      pace.spent(performance.now() - startedAt);
    }
    await pace.turn(signal);
  }
}

/** The clock of the agent. */

/**
 * A clock that follows the wall clock, but does not go back with it. A token that was requested while the wall clock was ahead
 * is therefore refreshed after its lifetime has passed, not when the corrected clock reaches a time in the far future.
 */
export interface SteadyClock {
  /** Milliseconds; the wall clock at the creation, later ahead of it by the sum of the steps back. */
  now(): number;
  /** @returns the time that the wall clock shows or showed, if it is not set again, milliseconds since the epoch */
  toWallTime(time: number): number;
}

export interface ClockSources {
  /** Milliseconds since the epoch; can be set to any time. */
  readonly now: () => number;
  /** Milliseconds since any moment; never set, but may stop while the machine sleeps. */
  readonly monotonic: () => number;
}

/** A smaller difference between both clocks is one of their precision or speed, milliseconds. */
const minStepMs = 1_000;

/** Notices a step back at the next call of a method, so one must be called more often than times may be late. */
export function createSteadyClock({ now, monotonic }: ClockSources): SteadyClock {
  let last = { wall: now(), monotonic: monotonic() };
  let offset = 0;

  function read(): number {
    const current = { wall: now(), monotonic: monotonic() };
    const lag = current.monotonic - last.monotonic - (current.wall - last.wall);
    if (lag >= minStepMs) offset += lag;
    last = current;
    return current.wall + offset;
  }

  return {
    now: read,
    toWallTime(time) {
      read();
      return time - offset;
    },
  };
}

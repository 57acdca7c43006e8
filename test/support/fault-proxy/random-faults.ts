import type { CallFault, Fault, FaultDecision, WatchFault } from './fault.ts';

/** Faults of calls: errors of an API server under load and broken connections. */
export const callFaults: readonly CallFault[] = [
  { kind: 'answer', status: 429, reason: 'TooManyRequests', retryAfterSeconds: 1 },
  { kind: 'answer', status: 500, reason: 'InternalError' },
  { kind: 'answer', status: 503, reason: 'ServiceUnavailable' },
  { kind: 'answer', status: 504, reason: 'Timeout' },
  { kind: 'cut' },
  { kind: 'loseAnswer' },
  { kind: 'cutAfterBytes', bytes: 20 },
  { kind: 'delay', ms: 500 },
];

/** Faults of watches, except half-open ones. */
const watchFaults: readonly (CallFault | WatchFault)[] = [
  { kind: 'answer', status: 410, reason: 'Expired' },
  { kind: 'cut' },
  { kind: 'cutWatch', afterLines: 1 },
  { kind: 'endWatch', afterLines: 2 },
  { kind: 'cutInLine', afterLines: 0 },
  { kind: 'cutInLine', afterLines: 3 },
  { kind: 'garbleLine', afterLines: 1, garble: (line) => line.slice(0, line.length / 2) },
  { kind: 'insertLine', afterLines: 2, line: '{"kind":"Status"}' },
];

export interface RandomFaultOptions {
  seed: number;
  /** The share of requests with a fault, from 0 to 1. */
  share: number;
  calls?: readonly Fault[];
  watches?: readonly Fault[];
}

/** Chooses faults at random. The same seed and request number give the same fault. */
export function randomFaults({
  seed,
  share,
  calls = callFaults,
  watches = watchFaults,
}: RandomFaultOptions): FaultDecision {
  return ({ number, isWatch }) => {
    const choices = isWatch ? watches : calls;
    if (draw(seed, 2 * number) >= share) return undefined;
    return choices[Math.floor(draw(seed, 2 * number + 1) * choices.length)];
  };
}

/** @returns a number from 0 to 1 that depends only on the arguments (mixing of mulberry32) */
function draw(seed: number, index: number): number {
  let state = (Math.imul(seed, 0x9e3779b1) + Math.imul(index + 1, 0x6d2b79f5)) | 0;
  state = Math.imul(state ^ (state >>> 15), state | 1);
  state ^= state + Math.imul(state ^ (state >>> 7), state | 61);
  return ((state ^ (state >>> 14)) >>> 0) / 2 ** 32;
}

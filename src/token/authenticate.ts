import type { LivePairs, PairCandidate } from '../accesskey/live-pairs.ts';
import { liveStates } from '../accesskey/pair-state.ts';
import { matches } from '../credential/key-pair.ts';

/** Why a pair was refused: for the log only, the caller gets one and the same answer for all. */
export type Refusal = 'unknown access key' | 'wrong secret key' | 'disabled' | 'expired' | 'conflict' | 'pending';

export type Authentication =
  | { granted: PairCandidate }
  /** `ak` is there when it names a pair; what merely came as ak may be a secret in the wrong place. */
  | { refused: Refusal; ak?: string };

/** Compared with when the ak is unknown, so that it costs what a wrong sk costs. */
const noDigest = Buffer.alloc(32);

/**
 * Decides whether a key pair may have a token.
 *
 * @param now milliseconds since the epoch
 */
export function authenticate(pairs: LivePairs, ak: string, sk: string, now: number): Authentication {
  const candidates = pairs.candidates(ak, now);
  if (candidates.length === 0) {
    matches(sk, noDigest);
    return { refused: 'unknown access key' };
  }
  const right = candidates.filter((candidate) => matches(sk, candidate.digest));
  const granted = right.find((candidate) => liveStates.has(candidate.state));
  if (granted) return { granted };
  return { refused: refusalOf(right[0]), ak };
}

function refusalOf(candidate: PairCandidate | undefined): Refusal {
  if (!candidate) return 'wrong secret key';
  return candidate.state.toLowerCase() as Refusal;
}

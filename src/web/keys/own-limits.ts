/** What a sign-in by a key pair does not reach, though the AccessKey is the person's own: decisions, pure. */
import { pairStatusOf } from '../../accesskey/model/access-key-record.ts';
import { expiryOf, isLive } from '../../accesskey/model/pair-state.ts';
import type { KeyPairSpecs, LiveAccessKey } from './api.ts';

/** The pair that somebody has signed in by. */
export interface SignedInPair {
  pairName: string;
  ak: string;
  /** When it ends, milliseconds since the epoch: a previous pair with its overlap. Infinity when it does not. */
  expiresAt: number;
}

/**
 * Whether the pair is in force by what the API server says now. The session is judged by a cache, which may not have heard
 * yet that the pair was taken back.
 *
 * @param now milliseconds since the epoch
 */
export function isInForce(live: LiveAccessKey, { pairName, ak }: SignedInPair, now: number): boolean {
  const pair = live.spec.keyPairs?.find((one) => one.name === pairName);
  if (!pair || !isLive(live, pair, now)) return false;
  const { accessKey, previous } = pairStatusOf(live, pairName) ?? {};
  if (accessKey === ak) return true;
  return previous?.accessKey === ak && now < Date.parse(previous.validUntil ?? '');
}

/**
 * Name of a pair that a change would give somebody for longer than the pair that they hold: or who has a pair for a day
 * could have one for ever, and who has one that was rotated away could undo that within the overlap.
 *
 * @param end of the pair that they hold, milliseconds since the epoch
 * @returns undefined when there is none; what is only taken away, or told in other words, gives nobody anything
 */
export function outliving(former: KeyPairSpecs, wanted: KeyPairSpecs, end: number): string | undefined {
  return wanted.find((pair) => expiryOf(pair) > end && isGain(former, pair))?.name;
}

function isGain(former: KeyPairSpecs, pair: KeyPairSpecs[number]): boolean {
  if (pair.enabled === false) return false;
  const before = former.find((one) => one.name === pair.name);
  if (!before || before.enabled === false) return true;
  return (before.revision ?? 1) !== (pair.revision ?? 1) || expiryOf(before) !== expiryOf(pair);
}

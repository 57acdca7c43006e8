/** Authenticates a key pair. */
import type { FoundPair, PairLookup } from '../accesskey/live/pair-lookup.ts';
import type { KeyPairState } from '../accesskey/model/access-key-record.ts';
import { isAddressAllowed } from '../accesskey/model/networks.ts';
import { liveStates } from '../accesskey/model/pair-state.ts';
import { type KeyPair, matches } from '../credential/key-pair.ts';
import type { Refusal, RefusalCode } from './refusal.ts';

/** The digest to compare with if the ak is unknown, so that an unknown ak takes as much work as a wrong sk. */
const dummyDigest = Buffer.alloc(32);

const refusalByState: Readonly<Record<KeyPairState, RefusalCode>> = {
  // Unused: `authenticate` returns a live pair that matches.
  Active: 'wrong-sk',
  Rotating: 'wrong-sk',
  Disabled: 'disabled',
  Expired: 'expired',
  Conflict: 'conflict',
  Pending: 'pending',
};

/**
 * Authenticates a key pair.
 *
 * @param options `now` in milliseconds since the epoch; `address` of the client; `compare` compares an sk with a SHA-256
 * digest in constant time
 */
export function authenticate(
  pairs: PairLookup,
  { ak, sk }: KeyPair,
  { now, address, compare = matches }: { now: number; address: string; compare?: typeof matches },
): FoundPair | Refusal {
  const found = pairs.find(ak, now);
  if (found.length === 0) {
    compare(sk, dummyDigest);
    return { refused: 'unknown-ak' };
  }
  const matching = found.filter((one) => compare(sk, one.digest));
  const [first] = matching;
  if (!first) return { refused: 'wrong-sk', ak };
  const live = matching.find((one) => liveStates.has(one.state));
  if (!live) return { refused: refusalByState[first.state], ak };
  return isAddressAllowed(live.allowedCIDRs, address) ? live : { refused: 'address', ak };
}

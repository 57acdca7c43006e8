/** The changes that the pages make to the list of key pairs; pure. The schema of the CRD has the same rules. */

import { additionProblem, hasOverlap, maxPairs } from '../../accesskey/change/addition.ts';
import type { KeyPairEdit } from '../../accesskey/change/managed-fields.ts';
import {
  inUseMs,
  type KeyPairSpec,
  type KeyPairStatus,
  lastUseOf,
  pairStatusOf,
} from '../../accesskey/model/access-key-record.ts';
import { highestRevision } from '../../accesskey/model/pair-facts.ts';
import { formatTime, parseTime } from '../../accesskey/model/time.ts';
import { ConsoleError } from '../common/console-error.ts';
import type { FetchedAccessKey, KeyPairSpecs } from './api.ts';
import { withOverlap } from './overlap.ts';
import { withTokenLimits } from './token-limits.ts';

/** The fields of a pair that a person enters. */
export interface PairDetails {
  /** RFC 3339; undefined for a pair that does not expire. */
  expiresAt: string | undefined;
  description: string | undefined;
  /** The following are unchanged if they are undefined, and removed if they are empty. */
  overlap?: string;
  tokenLifetime?: string;
  allowedCIDRs?: readonly string[];
}

/** @returns why no pair can be added, or undefined if one can */
export function whyNotAdd(keyPairs: KeyPairSpecs): ConsoleError | undefined {
  const problem = additionProblem(keyPairs);
  if (problem?.reason === 'too-many') return new ConsoleError('rejectedTooManyPairs', { max: maxPairs }, 409);
  return problem && new ConsoleError('rejectedOverlap', { pair: problem.pair }, 409);
}

/**
 * @param status of the AccessKey. While it has a deleted pair, the Secret of that pair may exist, and a new pair with the
 * same name would make its sk and its tokens valid again
 * @throws ConsoleError if the limit is reached or the name is taken
 */
export function addPair(
  keyPairs: KeyPairSpecs,
  name: string,
  details: PairDetails,
  status: FetchedAccessKey['status'] = {},
): KeyPairSpecs {
  const reason = whyNotAdd(keyPairs);
  if (reason) throw reason;
  if (keyPairs.some((one) => one.name === name)) throw new ConsoleError('rejectedNameTaken', { pair: name }, 409);
  if (pairStatusOf({ status }, name)) throw new ConsoleError('rejectedStillDeleted', { pair: name }, 409);
  return [...keyPairs, withDetails({ name }, details)] as KeyPairSpecs;
}

/** @throws ConsoleError if the pair does not exist, or if its overlap would exceed the limit */
export function editPair(keyPairs: KeyPairSpecs, name: string, details: PairDetails): KeyPairSpecs {
  return withinLimit(replacePair(keyPairs, name, (pair) => withDetails(pair, details)));
}

/**
 * Rotates, enables, disables or deletes a pair, or revokes its issued tokens.
 *
 * @param overlap how long the current pair stays valid after a rotation; unchanged if it is undefined
 * @param now time of the action, milliseconds since the epoch
 * @throws ConsoleError if the pair does not exist, or if the change would exceed the limit
 */
export function applyAction(
  { spec: { keyPairs = [] as unknown as KeyPairSpecs }, status }: Pick<FetchedAccessKey, 'spec' | 'status'>,
  name: string,
  action: Exclude<KeyPairEdit, 'edit'>,
  { overlap, now = 0 }: { overlap?: string | undefined; now?: number } = {},
): KeyPairSpecs {
  if (action === 'delete') {
    requirePair(keyPairs, name);
    return keyPairs.filter((one) => one.name !== name) as KeyPairSpecs;
  }
  if (action === 'rotate') {
    const rotated = replacePair(keyPairs, name, (pair) => ({
      ...(overlap === undefined ? pair : withOverlap(pair, overlap)),
      revision: revisionOf({ status }, pair) + 1,
    }));
    return overlap === undefined ? rotated : withinLimit(rotated);
  }
  if (action === 'revoke') {
    // Issued tokens have a time in whole seconds. Those of the current second are revoked as well.
    const tokensNotBefore = formatTime(Math.floor(now / 1000) * 1000 + 1000);
    return replacePair(keyPairs, name, (pair) => ({ ...pair, tokensNotBefore }));
  }
  return withinLimit(replacePair(keyPairs, name, (pair) => ({ ...pair, enabled: action === 'enable' })));
}

/** Whether a pair was used within the last hour, so that stopping it may break a service. */
export function isInUse(status: KeyPairStatus | undefined, now: number): boolean {
  const lastUse = parseTime(status && lastUseOf(status));
  return lastUse !== undefined && now - lastUse < inUseMs;
}

/** @throws ConsoleError if another pair is enabled in addition to one with an overlap */
function withinLimit(keyPairs: KeyPairSpecs): KeyPairSpecs {
  const enabled = keyPairs.filter((one) => one.enabled !== false);
  const overlapping = enabled.find(hasOverlap);
  if (enabled.length > 1 && overlapping) throw new ConsoleError('rejectedOverlap', { pair: overlapping.name }, 409);
  return keyPairs;
}

/** The highest revision that the pair has had. Only a higher one rotates the pair. */
export function revisionOf({ status }: Pick<FetchedAccessKey, 'status'>, pair: KeyPairSpec): number {
  return highestRevision(pair, pairStatusOf({ status }, pair.name)?.revision);
}

/** @throws ConsoleError 404 if the pair does not exist */
export function requirePair(keyPairs: KeyPairSpecs, name: string): KeyPairSpec {
  const found = keyPairs.find((one) => one.name === name);
  if (!found) throw new ConsoleError('rejectedNoPair', { pair: name }, 404);
  return found;
}

function replacePair(keyPairs: KeyPairSpecs, name: string, change: (pair: KeyPairSpec) => KeyPairSpec): KeyPairSpecs {
  requirePair(keyPairs, name);
  return keyPairs.map((one) => (one.name === name ? change(one) : one)) as KeyPairSpecs;
}

function withDetails(pair: KeyPairSpec, details: PairDetails): KeyPairSpec {
  const { expiresAt, description, overlap } = details;
  const limited = withTokenLimits(pair, details);
  const { expiresAt: _, description: __, ...rest } = overlap === undefined ? limited : withOverlap(limited, overlap);
  return { ...rest, ...(expiresAt !== undefined && { expiresAt }), ...(description !== undefined && { description }) };
}

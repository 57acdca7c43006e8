/** What the pages do to the list of key pairs: decisions, pure. The API server's schema has the same rules. */

import type { KeyPairSpec } from '../../accesskey/model/access-key-record.ts';
import { durationMs } from '../../accesskey/model/duration.ts';
import { RefusedError } from '../common/refused-error.ts';
import type { KeyPairSpecs } from './api.ts';
import type { KeyPairEdit } from './managed-fields.ts';

/** So many pairs an AccessKey may have. */
const maxPairs = 2;

/** What a person can say of a pair. */
export interface PairDetails {
  /** RFC 3339; undefined for a pair that does not expire. */
  expiresAt: string | undefined;
  description: string | undefined;
}

/** Why no pair can be added now, undefined when one can. */
export function addingRefused(keyPairs: KeyPairSpecs): RefusedError | undefined {
  if (keyPairs.length >= maxPairs) return new RefusedError('refusedTwoPairs', { max: maxPairs }, 409);
  const overlapping = keyPairs.find((one) => one.enabled !== false && hasOverlap(one));
  return overlapping && new RefusedError('refusedOverlap', { pair: overlapping.name }, 409);
}

/** @throws RefusedError when there are two, one that counts twice, or one of this name */
export function addPair(keyPairs: KeyPairSpecs, name: string, details: PairDetails): KeyPairSpecs {
  const refused = addingRefused(keyPairs);
  if (refused) throw refused;
  if (keyPairs.some((one) => one.name === name)) throw new RefusedError('refusedNameTaken', { pair: name }, 409);
  return [...keyPairs, withDetails({ name }, details)] as KeyPairSpecs;
}

/** @throws RefusedError when there is no such pair */
export function changePair(keyPairs: KeyPairSpecs, name: string, details: PairDetails): KeyPairSpecs {
  return replace(keyPairs, name, (pair) => withDetails(pair, details));
}

/**
 * Rotates, enables, disables or removes a pair.
 *
 * @throws RefusedError when there is no such pair, or the pairs would be more than two
 */
export function actOnPair(keyPairs: KeyPairSpecs, name: string, action: Exclude<KeyPairEdit, 'edit'>): KeyPairSpecs {
  if (action === 'delete') {
    requirePair(keyPairs, name);
    return keyPairs.filter((one) => one.name !== name) as KeyPairSpecs;
  }
  if (action === 'rotate') return replace(keyPairs, name, (pair) => ({ ...pair, revision: (pair.revision ?? 1) + 1 }));
  const changed = replace(keyPairs, name, (pair) => ({ ...pair, enabled: action === 'enable' }));
  const enabled = changed.filter((one) => one.enabled !== false);
  const overlapping = enabled.find(hasOverlap);
  if (enabled.length > 1 && overlapping) throw new RefusedError('refusedOverlap', { pair: overlapping.name }, 409);
  return changed;
}

/** @throws RefusedError 404 when there is no such pair */
export function requirePair(keyPairs: KeyPairSpecs, name: string): KeyPairSpec {
  const found = keyPairs.find((one) => one.name === name);
  if (!found) throw new RefusedError('refusedNoPair', { pair: name }, 404);
  return found;
}

function replace(keyPairs: KeyPairSpecs, name: string, change: (pair: KeyPairSpec) => KeyPairSpec): KeyPairSpecs {
  requirePair(keyPairs, name);
  return keyPairs.map((one) => (one.name === name ? change(one) : one)) as KeyPairSpecs;
}

function withDetails(pair: KeyPairSpec, { expiresAt, description }: PairDetails): KeyPairSpec {
  const { expiresAt: _, description: __, ...rest } = pair;
  return { ...rest, ...(expiresAt !== undefined && { expiresAt }), ...(description !== undefined && { description }) };
}

function hasOverlap({ rotation }: KeyPairSpec): boolean {
  return durationMs(rotation?.overlap) > 0;
}

/** The changes of the list of key pairs that users make; pure. The schema of the CRD has the same rules. */

import { durationMs } from '../../kube/duration.ts';
import { isAhead } from '../../kube/time.ts';
import { type AccessKeyRecord, type KeyPairSpec, pairStatusOf } from '../model/access-key-record.ts';
import { highestRevision } from '../model/pair-facts.ts';
import { tokensNotBeforeMs } from '../model/pair-state.ts';
import { formatTime } from '../model/time.ts';
import type { KeyPairSpecs } from './access-key-api.ts';
import { type AdditionProblem, additionProblem, hasOverlap } from './addition.ts';
import type { Management } from './managed-fields.ts';

/** Why a change is not possible. A pair is still deleted while the status has it. */
export type EditProblem = AdditionProblem | { reason: 'no-pair' | 'name-taken' | 'still-deleted'; pair: string };

/** A change that the rules of the CRD or the state of the AccessKey do not allow. */
export class EditError extends Error {
  override readonly name = 'EditError';
  readonly problem: EditProblem;

  constructor(problem: EditProblem) {
    super(`key pairs cannot be changed: ${problem.reason}`);
    this.problem = problem;
  }
}

/** The actions on a pair. */
export type KeyPairEdit = 'rotate' | 'enable' | 'disable' | 'edit' | 'revoke' | 'delete';

/** @returns the field manager that prevents an action, or undefined if the action is possible */
export function managerOfAction(management: Management, pair: string, action: KeyPairEdit): string | undefined {
  if (management.list !== undefined) return management.list;
  if (action === 'rotate') return management.field(pair, 'revision');
  if (action === 'delete') return management.pair(pair);
  if (action === 'revoke') return management.field(pair, 'tokensNotBefore');
  if (action === 'edit') return management.field(pair, 'expiresAt') ?? management.field(pair, 'description');
  return management.field(pair, 'enabled');
}

type Editable = Pick<AccessKeyRecord, 'spec' | 'status'>;

/** The overlap of a pair without one: the previous pair stops working immediately. */
export const noOverlap = '0s';

/**
 * @param accessKey while its status has a deleted pair, the Secret of that pair may exist, and a new pair with the same
 * name would make its sk and its tokens valid again
 * @throws EditError if the limit is reached or the name is taken
 */
export function addPair({ spec: { keyPairs = [] }, status }: Editable, pair: KeyPairSpec): KeyPairSpecs {
  if (keyPairs.some(({ name }) => name === pair.name)) throw new EditError({ reason: 'name-taken', pair: pair.name });
  const problem = additionProblem(keyPairs);
  if (problem) throw new EditError(problem);
  if (pairStatusOf({ status }, pair.name)) throw new EditError({ reason: 'still-deleted', pair: pair.name });
  return withinLimit([...keyPairs, pair] as KeyPairSpecs);
}

/** @throws EditError if the pair does not exist, or if the change would exceed the limit */
export function replacePair(
  keyPairs: KeyPairSpecs,
  name: string,
  change: (pair: KeyPairSpec) => KeyPairSpec,
): KeyPairSpecs {
  requirePair(keyPairs, name);
  return withinLimit(keyPairs.map((one) => (one.name === name ? change(one) : one)) as KeyPairSpecs);
}

export interface EditOptions {
  /** How long the current pair stays valid after a rotation; unchanged if it is undefined. */
  overlap?: string | undefined;
  /** Time of the action, milliseconds since the epoch; required to revoke tokens. */
  now?: number;
}

/**
 * Rotates, enables, disables or deletes a pair, or revokes its issued tokens.
 *
 * @throws EditError if the pair does not exist, or if the change would exceed the limit
 * @throws RangeError if the tokens are to be revoked without the time
 */
export function applyAction(
  { spec: { keyPairs = [] as unknown as KeyPairSpecs }, status }: Editable,
  name: string,
  action: Exclude<KeyPairEdit, 'edit'>,
  { overlap, now }: EditOptions = {},
): KeyPairSpecs {
  const replace = (change: (pair: KeyPairSpec) => KeyPairSpec) => replacePair(keyPairs, name, change);
  switch (action) {
    case 'delete':
      requirePair(keyPairs, name);
      return keyPairs.filter((one) => one.name !== name) as KeyPairSpecs;
    case 'rotate':
      return replace((pair) => ({
        ...(overlap === undefined ? pair : withOverlap(pair, overlap)),
        revision: revisionOf({ status }, pair) + 1,
      }));
    case 'revoke':
      return replace((pair) => withoutTokens(pair, now));
    default:
      return replace((pair) => ({ ...pair, enabled: action === 'enable' }));
  }
}

/**
 * Issued tokens have a time in whole seconds: the current second or, while it is later, the present tokensNotBefore. The
 * next second revokes them. The time is never lowered, which would make revoked tokens valid again. A time far in the
 * future stays: no token can be issued before it has come.
 */
function withoutTokens(pair: KeyPairSpec, now: number | undefined): KeyPairSpec {
  // With a time in the past, nothing would be revoked.
  if (now === undefined) throw new RangeError('tokens can be revoked only with the time');
  const present = tokensNotBeforeMs(pair) ?? 0;
  if (isAhead(present, now)) return pair;
  const latest = Math.max(Math.floor(now / 1000), Math.ceil(present / 1000));
  return { ...pair, tokensNotBefore: formatTime((latest + 1) * 1000) };
}

/** @returns the pair with this overlap; noOverlap removes it */
export function withOverlap(pair: KeyPairSpec, overlap: string): KeyPairSpec {
  const { rotation: { overlap: _, maxOverlap, ...others } = {}, ...rest } = pair;
  // The CRD requires an overlap that is not longer than maxOverlap.
  const isWithinMax = maxOverlap !== undefined && durationMs(overlap) <= durationMs(maxOverlap);
  const rotation = overlap === noOverlap ? others : { ...others, overlap, ...(isWithinMax && { maxOverlap }) };
  return Object.keys(rotation).length === 0 ? rest : { ...rest, rotation };
}

/** The highest revision that the pair has had. Only a higher one rotates the pair. */
export function revisionOf({ status }: Pick<AccessKeyRecord, 'status'>, pair: KeyPairSpec): number {
  return highestRevision(pair, pairStatusOf({ status }, pair.name)?.revision);
}

/** @throws EditError if the pair does not exist */
export function requirePair(keyPairs: readonly KeyPairSpec[], name: string): KeyPairSpec {
  const found = keyPairs.find((one) => one.name === name);
  if (!found) throw new EditError({ reason: 'no-pair', pair: name });
  return found;
}

/** @throws EditError if another pair is enabled in addition to one with an overlap */
function withinLimit(keyPairs: KeyPairSpecs): KeyPairSpecs {
  const enabled = keyPairs.filter((one) => one.enabled !== false);
  const overlapping = enabled.find(hasOverlap);
  if (enabled.length > 1 && overlapping) throw new EditError({ reason: 'overlap', pair: overlapping.name });
  return keyPairs;
}

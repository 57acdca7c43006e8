/** The changes that the pages make to the list of key pairs, with messages for the user; pure. */

import type { FetchedAccessKey, KeyPairSpecs } from '../../accesskey/change/access-key-api.ts';
import { type AdditionProblem, additionProblem, maxPairs } from '../../accesskey/change/addition.ts';
import * as edits from '../../accesskey/change/edit-pairs.ts';
import type { KeyPairSpec } from '../../accesskey/model/access-key-record.ts';
import { ConsoleError } from '../common/console-error.ts';
import { type OptionTexts, withOptions } from './pair-options.ts';

/** The fields of a pair that a person enters. */
export interface PairDetails extends Partial<OptionTexts> {
  /** RFC 3339; undefined for a pair that does not expire. */
  expiresAt: string | undefined;
  description: string | undefined;
  /** Unchanged if undefined. */
  overlap?: string;
}

/** @returns why no pair can be added, or undefined if one can */
export function whyNotAdd(keyPairs: KeyPairSpecs): ConsoleError | undefined {
  const problem = additionProblem(keyPairs);
  return problem && consoleError(problem);
}

/**
 * @param status of the AccessKey, see `edits.addPair`
 * @throws ConsoleError if the limit is reached or the name is taken
 */
export function addPair(
  keyPairs: KeyPairSpecs,
  name: string,
  details: PairDetails,
  status: FetchedAccessKey['status'] = {},
): KeyPairSpecs {
  const added = withDetails({ name }, details);
  return explained(() => edits.addPair({ spec: { user: { name: '' }, keyPairs }, status }, added));
}

/** @throws ConsoleError if the pair does not exist, or if its overlap would exceed the limit */
export function editPair(keyPairs: KeyPairSpecs, name: string, details: PairDetails): KeyPairSpecs {
  return explained(() => edits.replacePair(keyPairs, name, (pair) => withDetails(pair, details)));
}

/**
 * Rotates, enables, disables or deletes a pair, or revokes its issued tokens.
 *
 * @throws ConsoleError if the pair does not exist, or if the change would exceed the limit
 */
export function applyAction(
  accessKey: Pick<FetchedAccessKey, 'spec' | 'status'>,
  name: string,
  action: Exclude<edits.KeyPairEdit, 'edit'>,
  options: edits.EditOptions = {},
): KeyPairSpecs {
  return explained(() => edits.applyAction(accessKey, name, action, options));
}

/** @throws ConsoleError 404 if the pair does not exist */
export function requirePair(keyPairs: KeyPairSpecs, name: string): KeyPairSpec {
  return explained(() => edits.requirePair(keyPairs, name));
}

function explained<T>(edit: () => T): T {
  try {
    return edit();
  } catch (error) {
    throw error instanceof edits.EditError ? consoleError(error.problem) : error;
  }
}

function consoleError(problem: edits.EditProblem | AdditionProblem): ConsoleError {
  switch (problem.reason) {
    case 'too-many':
      return new ConsoleError('rejectedTooManyPairs', { max: maxPairs }, 409);
    case 'overlap':
      return new ConsoleError('rejectedOverlap', { pair: problem.pair }, 409);
    case 'name-taken':
      return new ConsoleError('rejectedNameTaken', { pair: problem.pair }, 409);
    case 'still-deleted':
      return new ConsoleError('rejectedStillDeleted', { pair: problem.pair }, 409);
    case 'no-pair':
      return new ConsoleError('rejectedNoPair', { pair: problem.pair }, 404);
  }
}

function withDetails(pair: KeyPairSpec, details: PairDetails): KeyPairSpec {
  const { expiresAt, description, overlap } = details;
  const changed = withOptions(overlap === undefined ? pair : edits.withOverlap(pair, overlap), details);
  const { expiresAt: _, description: __, ...rest } = changed;
  return { ...rest, ...(expiresAt !== undefined && { expiresAt }), ...(description !== undefined && { description }) };
}

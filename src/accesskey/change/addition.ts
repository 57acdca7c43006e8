/** Whether a key pair can be added to an AccessKey; pure. The schema of the CRD has the same rules. */
import { durationMs } from '../../kube/duration.ts';
import type { KeyPairSpec } from '../model/access-key-record.ts';

/** Maximum of the key pairs of an AccessKey. */
export const maxPairs = 2;

/** Why no key pair can be added. */
export type AdditionProblem =
  | { reason: 'too-many' }
  /** The enabled pair with rotation.overlap, which counts as two. */
  | { reason: 'overlap'; pair: string };

/** @returns why no key pair can be added, or undefined if one can */
export function additionProblem(keyPairs: readonly KeyPairSpec[]): AdditionProblem | undefined {
  if (keyPairs.length >= maxPairs) return { reason: 'too-many' };
  const overlapping = keyPairs.find((one) => one.enabled !== false && hasOverlap(one));
  return overlapping && { reason: 'overlap', pair: overlapping.name };
}

export function hasOverlap({ rotation }: KeyPairSpec): boolean {
  return durationMs(rotation?.overlap) > 0;
}

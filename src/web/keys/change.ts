import { isStatus } from '../../kube/errors.ts';
import { RefusedError } from '../common/refused-error.ts';
import type { KeyPairSpecs, LiveAccessKey } from './api.ts';
import { type KeyPairEdit, managementOf, managerOf } from './managed-fields.ts';
import { readOwn, type Visitor } from './visitor.ts';

/** Attempts when only something else than the spec has changed meanwhile, such as the note of a last use. */
const attempts = 5;

/** A change of the key pairs, asked for on a page. */
export interface Change {
  /** metadata.generation that the page was made from. */
  generation: number;
  /** What is to be done with which pair; undefined when one is added. */
  action?: KeyPairEdit;
  pair: string;
  /** @throws RefusedError when it cannot be done */
  apply(keyPairs: KeyPairSpecs): KeyPairSpecs;
}

/**
 * Changes the key pairs of the visitor's AccessKey by their rights, if its spec is still the one that they saw, and
 * nobody else keeps what is to be changed.
 *
 * @returns the AccessKey as it was before
 * @throws RefusedError, KubernetesError, ConnectionError
 */
export async function changeKeyPairs(visitor: Visitor, change: Change): Promise<LiveAccessKey> {
  for (let attempt = 1; ; attempt += 1) {
    const live = await readOwn(visitor);
    if (!live) throw new RefusedError('refusedNoAccessKey', {}, 404);
    if (live.generation !== change.generation) throw new RefusedError('refusedChanged', {}, 409);
    refuseManaged(live, change);
    try {
      await visitor.api.replaceKeyPairs(live, change.apply(live.spec.keyPairs ?? []));
      return live;
    } catch (error) {
      if (!isStatus(error, 409)) throw error;
      if (attempt === attempts) throw new RefusedError('refusedChanged', {}, 409);
    }
  }
}

/** @throws RefusedError naming who keeps it */
export function refuseManaged(live: LiveAccessKey, { action, pair }: Pick<Change, 'action' | 'pair'>): void {
  const management = managementOf(live.managedFields);
  const manager = action === undefined ? management.list : managerOf(management, pair, action);
  if (manager !== undefined) throw new RefusedError('refusedManaged', { manager }, 409);
}

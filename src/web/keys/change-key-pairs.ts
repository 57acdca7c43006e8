import { isStatus } from '../../kube/errors.ts';
import { ConsoleError } from '../common/console-error.ts';
import type { KeyPairSpecs, LiveAccessKey } from './api.ts';
import { type KeyPairEdit, managementOf, managerOf } from './managed-fields.ts';
import { readAccessKey, type Visitor } from './visitor.ts';

/** Attempts when something other than the spec has changed, such as the time of last use in the status. */
const attempts = 5;

/** A change of the key pairs, as submitted from a page. */
export interface KeyPairsChange {
  /** metadata.generation that the page was rendered from. */
  generation: number;
  /** The action on an existing pair; undefined when a pair is added. */
  action?: KeyPairEdit;
  pair: string;
  /** @throws ConsoleError if the change is not possible */
  apply(keyPairs: KeyPairSpecs): KeyPairSpecs;
}

/**
 * Changes the key pairs of the visitor's AccessKey with the visitor's permissions, unless the spec has changed since the
 * page was rendered or another tool manages the fields.
 *
 * @returns the AccessKey before the change
 * @throws ConsoleError, KubernetesError, ConnectionError
 */
export async function changeKeyPairs(visitor: Visitor, change: KeyPairsChange): Promise<LiveAccessKey> {
  for (let attempt = 1; ; attempt += 1) {
    const live = await readAccessKey(visitor);
    if (!live) throw new ConsoleError('refusedNoAccessKey', {}, 404);
    if (live.generation !== change.generation) throw new ConsoleError('refusedChanged', {}, 409);
    requireUnmanaged(live, change);
    try {
      await visitor.api.replaceKeyPairs(live, change.apply(live.spec.keyPairs ?? []));
      return live;
    } catch (error) {
      if (!isStatus(error, 409)) throw error;
      if (attempt === attempts) throw new ConsoleError('refusedChanged', {}, 409);
    }
  }
}

/** @throws ConsoleError with the name of the tool that manages the fields of the action */
export function requireUnmanaged(live: LiveAccessKey, { action, pair }: Pick<KeyPairsChange, 'action' | 'pair'>): void {
  const management = managementOf(live.managedFields);
  const manager = action === undefined ? management.list : managerOf(management, pair, action);
  if (manager !== undefined) throw new ConsoleError('refusedManaged', { manager }, 409);
}

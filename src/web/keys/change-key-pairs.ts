import type { FetchedAccessKey, KeyPairSpecs } from '../../accesskey/change/access-key-api.ts';
import { type KeyPairEdit, managerOfAction } from '../../accesskey/change/edit-pairs.ts';
import { managementOf, managerTitle } from '../../accesskey/change/managed-fields.ts';
import { isConflict, retryOnConflict } from '../../kube/retry-on-conflict.ts';
import { ConsoleError } from '../common/console-error.ts';
import { readAccessKey, type Visitor } from '../visitor/visitor.ts';

/** A change of the key pairs, as submitted from a page. */
export interface KeyPairsChange {
  /** metadata.generation that the page was rendered from. */
  generation: number;
  /** The action on an existing pair; undefined when a pair is added. */
  action?: KeyPairEdit;
  pair: string;
  /** New audiences of the AccessKey; undefined: unchanged. */
  audiences?: readonly string[] | undefined;
  /** @throws ConsoleError if the change is not possible */
  apply(keyPairs: KeyPairSpecs, live: FetchedAccessKey): KeyPairSpecs;
}

/**
 * Changes the key pairs of the visitor's AccessKey with the visitor's permissions, unless the spec has changed since
 * the page was rendered or another tool manages the fields.
 *
 * @returns the AccessKey before the change
 * @throws ConsoleError, KubernetesError, ConnectionError
 */
export async function changeKeyPairs(visitor: Visitor, change: KeyPairsChange): Promise<FetchedAccessKey> {
  try {
    return await retryOnConflict(() => readAndChange(visitor, change));
  } catch (error) {
    throw isConflict(error) ? new ConsoleError('rejectedChanged', {}, 409) : error;
  }
}

async function readAndChange(visitor: Visitor, change: KeyPairsChange): Promise<FetchedAccessKey> {
  const fetched = await readAccessKey(visitor);
  if (!fetched) throw new ConsoleError('rejectedNoAccessKey', {}, 404);
  if (fetched.generation !== change.generation) throw new ConsoleError('rejectedChanged', {}, 409);
  if (change.action === undefined) requireUnmanagedList(fetched);
  else requireUnmanaged(fetched, change.action, change.pair);
  const keyPairs = change.apply(fetched.spec.keyPairs ?? [], fetched);
  const { audiences } = change;
  await visitor.api.replaceKeyPairs(fetched, keyPairs, audiences && { audiences });
  return fetched;
}

/** Whether a change was rejected because the AccessKey has changed since the page was rendered. */
export function isChanged(error: unknown): error is ConsoleError {
  return error instanceof ConsoleError && error.key === 'rejectedChanged';
}

/** @throws ConsoleError with the name of the tool that manages the fields of the action */
export function requireUnmanaged(fetched: FetchedAccessKey, action: KeyPairEdit, pair: string): void {
  rejectManaged(managerOfAction(managementOf(fetched.managedFields), pair, action));
}

/** @throws ConsoleError with the name of the tool that manages the list, so no pair can be added */
export function requireUnmanagedList(fetched: FetchedAccessKey): void {
  rejectManaged(managementOf(fetched.managedFields).list);
}

function rejectManaged(manager: string | undefined): void {
  if (manager !== undefined) throw new ConsoleError('rejectedManaged', { manager: managerTitle(manager) }, 409);
}

/** Fields that another tool manages and would restore; pure. */
import { type KeyPairEdit, managerOfAction } from '../../accesskey/change/edit-pairs.ts';
import { managementOf, managerTitle } from '../../accesskey/change/managed-fields.ts';
import type { ManagedFieldsEntry } from '../../kube/raw-object.ts';
import { CliError } from '../common/failure.ts';

export interface Edit {
  /** What is changed, for the message. */
  title: string;
  pair: string;
  action: KeyPairEdit | 'add';
  /** The action also changes `rotation`. */
  setsOverlap?: boolean;
}

/** @throws CliError with the field manager that prevents the edit */
export function requireUnmanaged(
  managedFields: readonly ManagedFieldsEntry[],
  { title, pair, action, setsOverlap = false }: Edit,
): void {
  const management = managementOf(managedFields);
  const ofAction = action === 'add' ? management.list : managerOfAction(management, pair, action);
  const manager = ofAction ?? (setsOverlap ? management.field(pair, 'rotation') : undefined);
  if (manager !== undefined) throw conflict(`${verbs[action]} ${title}`, manager);
}

/**
 * @param name of the AccessKey that is deleted with everything in it
 * @throws CliError with the field manager of a part of its spec
 */
export function requireUnmanagedObject(managedFields: readonly ManagedFieldsEntry[], name: string): void {
  const { object } = managementOf(managedFields);
  if (object !== undefined) throw conflict(`delete AccessKey ${name}`, object);
}

/** @param change verb and object, for example `delete key pair a/b` */
function conflict(change: string, manager: string): CliError {
  const name = managerTitle(manager);
  const known = name === manager ? '' : ` (${name.replace(` (${manager})`, '')})`;
  return new CliError(
    `cannot ${change}: conflict with field manager "${manager}"${known}, which would revert the change`,
    {
      hint: 'change it where that tool reads it, or use --force-conflicts to change it anyway',
    },
  );
}

const verbs = {
  rotate: 'rotate',
  enable: 'enable',
  disable: 'disable',
  edit: 'change',
  revoke: 'revoke tokens of',
  delete: 'delete',
  add: 'add',
};

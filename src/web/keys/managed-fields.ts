/**
 * Which fields of the key pairs somebody else keeps as they declared them, by the managedFields of an AccessKey (server-side
 * apply). The pages leave these alone: what they changed would be changed back.
 */

/** Under this name the API server notes which fields the pages wrote. */
export const fieldManager = 'accesskey-operator-console';

/** An entry of metadata.managedFields (meta/v1, ManagedFieldsEntry). */
export interface FieldsEntry {
  manager?: string;
  operation?: string;
  subresource?: string;
  /** FieldsV1: `f:<name>` is a field, `k:<keys>` an item of a list map, `.` the thing itself. */
  fieldsV1?: Fields;
}

interface Fields {
  [path: string]: Fields | undefined;
}

/** Fields of a pair that the pages write. */
export type PairField = 'enabled' | 'expiresAt' | 'revision' | 'description';

/** Who keeps what. */
export interface Management {
  /** Who keeps the list of pairs as a whole: none can be added, changed or removed here. */
  list: string | undefined;
  /** Who keeps an item: it cannot be removed here. */
  item(pair: string): string | undefined;
  field(pair: string, field: PairField): string | undefined;
}

/**
 * Those that declare a list as a whole though they write by update: the next run of each puts back what it declared. Of
 * server-side apply only the fields that were applied are kept.
 */
const wholeListManagers = [
  /^kubectl-client-side-apply$/,
  /^argocd-(?:application-)?controller$/,
  /^helm$/i,
  /^terraform/i,
  /^pulumi/i,
];

/** Decides from the managedFields; one-off writes, as of `kubectl edit`, keep nothing. */
export function managementOf(entries: readonly FieldsEntry[]): Management {
  const ofSpec = entries.filter((one) => !one.subresource && one.manager !== fieldManager);
  const applied = ofSpec.filter((one) => one.operation === 'Apply');
  const updated = ofSpec.filter((one) => wholeListManagers.some((pattern) => pattern.test(one.manager ?? '')));
  const find = (has: (pairs: Fields) => boolean) => applied.find((one) => has(pairsOf(one) ?? {}))?.manager;
  return {
    list: updated.find((one) => one.operation === 'Update' && pairsOf(one))?.manager,
    item: (pair) => find((pairs) => pairs[keyOf(pair)] !== undefined),
    field: (pair, field) => find((pairs) => pairs[keyOf(pair)]?.[`f:${field}`] !== undefined),
  };
}

function pairsOf({ fieldsV1 }: FieldsEntry): Fields | undefined {
  return fieldsV1?.['f:spec']?.['f:keyPairs'];
}

/** How FieldsV1 names an item of the list map. */
function keyOf(pair: string): string {
  return `k:${JSON.stringify({ name: pair })}`;
}

/** What can be done with a pair. */
export type KeyPairEdit = 'rotate' | 'enable' | 'disable' | 'edit' | 'delete';

/** Who keeps an action from being done here, undefined when nobody does. */
export function managerOf(management: Management, pair: string, action: KeyPairEdit): string | undefined {
  if (management.list !== undefined) return management.list;
  if (action === 'rotate') return management.field(pair, 'revision');
  if (action === 'delete') return management.item(pair);
  if (action === 'edit') return management.field(pair, 'expiresAt') ?? management.field(pair, 'description');
  return management.field(pair, 'enabled');
}

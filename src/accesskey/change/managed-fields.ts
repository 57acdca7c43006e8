/**
 * Detects fields of the key pairs that another tool manages, from the managedFields of an AccessKey (server-side apply). The
 * pages do not change these, because the tool would revert the change.
 */

/** Field manager of the pages' own writes. */
export const fieldManager = 'accesskey-operator-console';

/** An entry of metadata.managedFields (meta/v1, ManagedFieldsEntry). */
export interface FieldsEntry {
  manager?: string;
  operation?: string;
  subresource?: string;
  /** FieldsV1: `f:<name>` is a field, `k:<keys>` an item of a list map, `.` the object itself. */
  fieldsV1?: Fields;
}

interface Fields {
  [path: string]: Fields | undefined;
}

/** Fields of a pair that the pages change. */
export type PairField =
  | 'enabled'
  | 'expiresAt'
  | 'revision'
  | 'description'
  | 'rotation'
  | 'tokensNotBefore'
  | 'tokenLifetime'
  | 'allowedCIDRs'
  | 'token';

/** Which tool manages what, undefined for none. */
export interface Management {
  /** A manager of any field of the spec: it would create the AccessKey again after a deletion. */
  object: string | undefined;
  /** The manager of the whole list: the pages can change nothing. */
  list: string | undefined;
  /** The manager of a pair: the pages cannot delete it. */
  pair(name: string): string | undefined;
  field(pair: string, field: PairField): string | undefined;
  /** The manager of the audiences. */
  audiences: string | undefined;
}

/**
 * Tools that write with updates but declare the whole list, and restore it on their next run. With server-side apply, only
 * the applied fields are managed.
 */
const wholeListManagers = [
  /^kubectl-client-side-apply$/,
  /^argocd-(?:application-)?controller$/,
  /^helm$/i,
  /^terraform/i,
  /^pulumi/i,
];

/** One-off writes such as `kubectl edit` manage nothing. */
export function managementOf(entries: readonly FieldsEntry[]): Management {
  const ofSpec = entries.filter((one) => !one.subresource && one.manager !== fieldManager);
  const applied = ofSpec.filter((one) => one.operation === 'Apply');
  const updated = ofSpec.filter((one) => wholeListManagers.some((pattern) => pattern.test(one.manager ?? '')));
  const hasSpec = (one: FieldsEntry) => one.fieldsV1?.['f:spec'] !== undefined;
  const hasAudiences = (one: FieldsEntry) => one.fieldsV1?.['f:spec']?.['f:audiences'] !== undefined;
  const find = (has: (pairs: Fields) => boolean) => applied.find((one) => has(pairsOf(one) ?? {}))?.manager;
  return {
    object: [...applied, ...updated].find(hasSpec)?.manager,
    list: updated.find((one) => one.operation === 'Update' && pairsOf(one))?.manager,
    audiences: [...applied, ...updated].find(hasAudiences)?.manager,
    pair: (name) => find((pairs) => pairs[keyOf(name)] !== undefined),
    field: (pair, field) => find((pairs) => pairs[keyOf(pair)]?.[`f:${field}`] !== undefined),
  };
}

function pairsOf({ fieldsV1 }: FieldsEntry): Fields | undefined {
  return fieldsV1?.['f:spec']?.['f:keyPairs'];
}

const titles: readonly (readonly [RegExp, string])[] = [
  [/^argocd-(?:application-)?controller$/, 'Argo CD'],
  [/^(?:kustomize|helm)-controller$/, 'Flux'],
  [/^kubectl-client-side-apply$/, 'kubectl apply'],
  [/^helm$/i, 'Helm'],
  [/^terraform/i, 'Terraform'],
  [/^pulumi/i, 'Pulumi'],
];

/** @returns the name of a well-known tool with its field manager, otherwise the field manager */
export function managerTitle(manager: string): string {
  const title = titles.find(([pattern]) => pattern.test(manager))?.[1];
  return title === undefined ? manager : `${title} (${manager})`;
}

/** Key of a list map item in FieldsV1. */
function keyOf(pair: string): string {
  return `k:${JSON.stringify({ name: pair })}`;
}

/** The actions in the menu of a key. */
export type KeyPairEdit = 'rotate' | 'enable' | 'disable' | 'edit' | 'revoke' | 'delete';

/** @returns the manager that prevents an action, or undefined if the action is possible */
export function managerOf(management: Management, pair: string, action: KeyPairEdit): string | undefined {
  if (management.list !== undefined) return management.list;
  if (action === 'rotate') return management.field(pair, 'revision');
  if (action === 'delete') return management.pair(pair);
  if (action === 'revoke') return management.field(pair, 'tokensNotBefore');
  if (action === 'edit') return management.field(pair, 'expiresAt') ?? management.field(pair, 'description');
  return management.field(pair, 'enabled');
}

/**
 * Detects fields of the key pairs that another tool manages, from the managedFields of an AccessKey (server-side apply).
 * The console, the platform API and `kubectl-accesskey` do not change these, because the tool would revert the change.
 */
import type { FieldsV1, ManagedFieldsEntry } from '../../kube/raw-object.ts';
import { consoleFieldManager } from '../model/field-managers.ts';

/** Fields of a pair that users change. */
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
  /** The manager of the whole list: nothing can be changed. */
  list: string | undefined;
  /** The manager of a pair: it cannot be deleted. */
  pair(name: string): string | undefined;
  field(pair: string, field: PairField): string | undefined;
  /** The manager of the audiences. */
  audiences: string | undefined;
}

/**
 * Well-known tools. `whole`: it writes with updates but declares the whole list, and restores it on its next run. With
 * server-side apply, only the applied fields are managed.
 */
const tools: readonly { manager: RegExp; title: string; whole?: true }[] = [
  { manager: /^argocd-(?:application-)?controller$/, title: 'Argo CD', whole: true },
  { manager: /^(?:kustomize|helm)-controller$/, title: 'Flux' },
  { manager: /^kubectl-client-side-apply$/, title: 'kubectl apply', whole: true },
  { manager: /^helm$/i, title: 'Helm', whole: true },
  { manager: /^terraform/i, title: 'Terraform', whole: true },
  { manager: /^pulumi/i, title: 'Pulumi', whole: true },
];

function toolOf(fieldManager: string | undefined) {
  return tools.find(({ manager }) => manager.test(fieldManager ?? ''));
}

/** One-off writes such as `kubectl edit` manage nothing. */
export function managementOf(entries: readonly ManagedFieldsEntry[]): Management {
  const ofSpec = entries.filter((one) => !one.subresource && one.manager !== consoleFieldManager);
  const applied = ofSpec.filter((one) => one.operation === 'Apply');
  const updated = ofSpec.filter((one) => toolOf(one.manager)?.whole);
  const hasSpec = (one: ManagedFieldsEntry) => one.fieldsV1?.['f:spec'] !== undefined;
  const hasAudiences = (one: ManagedFieldsEntry) => one.fieldsV1?.['f:spec']?.['f:audiences'] !== undefined;
  const find = (has: (pairs: FieldsV1) => boolean) => applied.find((one) => has(pairsOf(one) ?? {}))?.manager;
  return {
    object: [...applied, ...updated].find(hasSpec)?.manager,
    list: updated.find((one) => one.operation === 'Update' && pairsOf(one))?.manager,
    audiences: [...applied, ...updated].find(hasAudiences)?.manager,
    pair: (name) => find((pairs) => pairs[keyOf(name)] !== undefined),
    field: (pair, field) => find((pairs) => pairs[keyOf(pair)]?.[`f:${field}`] !== undefined),
  };
}

function pairsOf({ fieldsV1 }: ManagedFieldsEntry): FieldsV1 | undefined {
  return fieldsV1?.['f:spec']?.['f:keyPairs'];
}

/** @returns the name of a well-known tool with its field manager, otherwise the field manager */
export function managerTitle(manager: string): string {
  const tool = toolOf(manager);
  return tool ? `${tool.title} (${manager})` : manager;
}

/** Key of a list map item in FieldsV1. */
function keyOf(pair: string): string {
  return `k:${JSON.stringify({ name: pair })}`;
}

import { type Fact, type Finding, failed, ok, skipped, warning } from './finding.ts';

/** One permission, as in a ResourceAttributes of a review. */
export interface Permission {
  readonly group: string;
  /** With its subresource after a slash. */
  readonly resource: string;
  readonly verb: string;
  /** Undefined for the whole cluster. */
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

/** The answer of the API server. */
export interface ReviewedPermission {
  readonly permission: Permission;
  readonly allowed: Fact<boolean>;
}

const rbac = 'authorization.k8s.io';

const of = (group: string, resource: string, verbs: readonly string[], name?: string): Permission[] =>
  verbs.map((verb) => ({ group, resource, verb, ...(name !== undefined && { name }) }));

/** Permissions in the namespaces of AccessKeys: rules of the ClusterRoles of manifests/base/rbac.yaml. */
const inWatchedNamespaces: readonly Permission[] = [
  ...of('ghippo.io', 'accesskeys', ['get', 'list', 'watch']),
  ...of('ghippo.io', 'accesskeys/status', ['patch']),
  ...of('', 'secrets', ['get', 'list', 'watch', 'create', 'patch', 'delete']),
  ...of('apps', 'deployments', ['list', 'watch']),
  ...of('events.k8s.io', 'events', ['create', 'patch']),
];

/** Permissions that only an operator for all namespaces has. */
const inCluster: readonly Permission[] = [
  ...of('', 'namespaces', ['list', 'watch']),
  ...of('authentication.k8s.io', 'tokenreviews', ['create']),
  ...of(rbac, 'subjectaccessreviews', ['create']),
  ...of(rbac, 'selfsubjectrulesreviews', ['create']),
  ...of('rbac.authorization.k8s.io', 'rolebindings', ['list', 'watch']),
];

/** Permissions in the namespace of the operator: the Role of manifests/base/rbac.yaml. */
const inOwnNamespace = (signingKeys: string): readonly Permission[] => [
  ...of('coordination.k8s.io', 'leases', ['create']),
  ...of('coordination.k8s.io', 'leases', ['get', 'update'], 'accesskey-operator'),
  ...of('', 'secrets', ['create']),
  ...of('', 'secrets', ['list', 'watch', 'patch'], signingKeys),
  ...of('', 'secrets', ['list', 'watch'], 'accesskey-operator-web-session'),
  ...of('', 'configmaps', ['list', 'watch'], 'accesskey-operator-guardrails'),
  ...of('events.k8s.io', 'events', ['create', 'patch']),
];

export interface InstalledPlace {
  readonly namespace: string;
  /** Undefined for all namespaces. */
  readonly watchNamespace: string | undefined;
  /** Name of the Secret of the signing keys. */
  readonly signingKeys: string;
}

/** @returns what the operator needs; without what only optional features need */
export function operatorPermissions({ namespace, watchNamespace, signingKeys }: InstalledPlace): Permission[] {
  const own = inOwnNamespace(signingKeys).map((one) => ({ ...one, namespace }));
  if (watchNamespace === undefined) return [...inWatchedNamespaces, ...inCluster, ...own];
  const reviews = of(rbac, 'localsubjectaccessreviews', ['create']);
  return [...[...inWatchedNamespaces, ...reviews].map((one) => ({ ...one, namespace: watchNamespace })), ...own];
}

/** What a user needs for the commands of this program in a namespace. */
export function userPermissions(namespace: string): Permission[] {
  return [
    ...of('ghippo.io', 'accesskeys', ['get', 'list', 'watch', 'create', 'patch', 'delete']),
    ...of('', 'secrets', ['get']),
  ].map((one) => ({ ...one, namespace }));
}

/** Checks the permissions of the operator's ServiceAccount. */
export function checkOperatorPermissions(reviewed: readonly ReviewedPermission[]): Finding {
  const check = 'operator permissions';
  const unknown = reasonOf(reviewed);
  if (unknown !== undefined) return skipped(check, unknown, 'Repeat as a user who may create subjectaccessreviews.');
  const lacking = denied(reviewed);
  if (lacking.length === 0) return ok(check, `the ServiceAccount has all ${reviewed.length} permissions`);
  const advice = 'Apply manifests/base/rbac.yaml, or install the chart with the same version.';
  return failed(check, `the ServiceAccount may not ${lacking.join('; ')}`, advice);
}

/** Checks the permissions of the user who runs this program. */
export function checkUserPermissions(reviewed: readonly ReviewedPermission[], namespace: string): Finding {
  const check = 'your permissions';
  const unknown = reasonOf(reviewed);
  if (unknown !== undefined) return skipped(check, unknown);
  const lacking = denied(reviewed);
  if (lacking.length === 0) return ok(check, `you may manage AccessKeys in the namespace ${namespace}`);
  const advice =
    'Bind the role edit or accesskey-editor, and for key pairs a Role for their Secrets, if you need them.';
  return warning(check, `you may not ${lacking.join('; ')}`, advice);
}

function reasonOf(reviewed: readonly ReviewedPermission[]): string | undefined {
  for (const { allowed } of reviewed) if ('missing' in allowed) return allowed.reason;
  return undefined;
}

/** @returns for each resource, the verbs that are not allowed, for example `list, watch secrets in team-a` */
function denied(reviewed: readonly ReviewedPermission[]): string[] {
  const lacking = reviewed.filter(({ allowed }) => 'value' in allowed && !allowed.value);
  const verbs = Map.groupBy(lacking, ({ permission }) => placeOf(permission));
  return [...verbs].map(([place, found]) => `${found.map(({ permission }) => permission.verb).join(', ')} ${place}`);
}

function placeOf({ group, resource, namespace }: Permission): string {
  const where = namespace === undefined ? 'in the whole cluster' : `in ${namespace}`;
  return `${resource}${group === '' ? '' : `.${group}`} ${where}`;
}

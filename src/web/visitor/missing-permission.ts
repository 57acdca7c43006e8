import { isSystemName, parseUsername } from '../../kube/names.ts';
import type { ClusterUser } from '../session/identity.ts';
import { accessKeyNameFor } from './access-key-name.ts';
import { type Permission, permissionToCreate } from './key-api.ts';

/** A permission that a user lacks, as a page shows it. */
export interface MissingPermission {
  /** The permission in the words of kubectl, such as `get secrets -n shop`. */
  permission: string;
  /** The commands with which an administrator grants it, with all others that the user needs for the same purpose. */
  command: string;
  /** Whether the commands have a placeholder in capitals for a value that is not known. */
  hasPlaceholder: boolean;
}

/** Placeholders for values that are not known. */
const unknown = { namespace: 'NAMESPACE', key: 'KEY' } as const;

export function describeMissingPermission(permission: Permission, user: ClusterUser): MissingPermission {
  const { verb, resource, namespace = unknown.namespace } = permission;
  return {
    permission: describePermission(permission),
    command: grant({ ...permission, namespace }, `${verb}-${resource}`, subjectOf(user)).join('\n'),
    hasPlaceholder: permission.namespace === undefined,
  };
}

/** Where the keys of a user are. */
export interface KeyLocation {
  namespace?: string | undefined;
  /** Name of the AccessKey. */
  accessKey?: string | undefined;
  /** Name of the Secret of the key. */
  secret?: string | undefined;
}

/**
 * Describes a permission that is missing to create, see or change keys. The commands grant everything that this needs, so
 * that the user does not find the next missing permission one step later.
 */
export function describeMissingKeyPermission(
  permission: Permission,
  user: ClusterUser,
  { namespace = unknown.namespace, accessKey = accessKeyNameFor(user.name), secret }: KeyLocation,
): MissingPermission {
  const [name, subject] = [accessKeyNameFor(user.name), subjectOf(user)];
  const keys = { ...permissionToCreate, verb: 'create,get,list,patch', namespace };
  const secretName = secret ?? `${accessKey}-${unknown.key}`;
  const ofSecret = { verb: 'get', group: '', resource: 'secrets', namespace, name: secretName };
  const impersonation = impersonationOf(user);
  return {
    permission: describePermission(permission),
    command: [
      ...grant(keys, `access-keys-${name}`, subject),
      ...grant(ofSecret, `access-key-secrets-${name}`, subject),
      ...(impersonation ? grant(impersonation, `impersonate-${name}`, subject) : []),
    ].join('\n'),
    hasPlaceholder: namespace === unknown.namespace || secret === undefined,
  };
}

/**
 * The permission to name the user in an AccessKey: names with the prefix `system:` need the verb impersonate
 * (manifests/base/admission-policy.yaml).
 *
 * @returns undefined if the user needs no permission
 */
export function impersonationOf({ name: user }: ClusterUser): Permission | undefined {
  const account = parseUsername(user);
  if (account) return { verb: 'impersonate', group: '', resource: 'serviceaccounts', ...account };
  return isSystemName(user) ? { verb: 'impersonate', group: '', resource: 'users', name: user } : undefined;
}

/** @returns the permission in the words of kubectl */
export function describePermission({ verb, namespace, name, ...permission }: Permission): string {
  const words = [verb, typeOf(permission), ...(name === undefined ? [] : [name])];
  return [...words, ...(namespace === undefined ? [] : ['-n', namespace])].join(' ');
}

/** @returns the commands that create a role and bind it; cluster-wide for a permission without a namespace */
function grant({ verb, namespace, name, ...permission }: Permission, role: string, subject: string): string[] {
  const [kind, scope] = namespace === undefined ? ['clusterrole', ''] : ['role', ` -n ${shellQuote(namespace)}`];
  const only = name === undefined ? '' : ` --resource-name=${shellQuote(name)}`;
  return [
    `kubectl create ${kind} ${role}${scope} --verb=${verb} --resource=${typeOf(permission)}${only}`,
    `kubectl create ${kind}binding ${role}${scope} --${kind}=${role} ${subject}`,
  ];
}

function typeOf({ group, resource }: Pick<Permission, 'group' | 'resource'>): string {
  return group === '' ? resource : `${resource}.${group}`;
}

function subjectOf({ name: user }: ClusterUser): string {
  const account = parseUsername(user);
  return account
    ? `--serviceaccount=${shellQuote(`${account.namespace}:${account.name}`)}`
    : `--user=${shellQuote(user)}`;
}

function shellQuote(text: string): string {
  return /^[\w.:@/+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

import type { ClusterUser } from '../session/identity.ts';
import type { Permission } from './api.ts';

/** A permission that a user lacks, as a page shows it. */
export interface MissingPermission {
  /** The permission in the words of kubectl, such as `get secrets -n shop`. */
  permission: string;
  /** The commands with which an administrator grants it. */
  command: string;
}

export function describeMissingPermission(permission: Permission, user: ClusterUser): MissingPermission {
  const { verb, resource, group, namespace, name } = permission;
  const type = group === '' ? resource : `${resource}.${group}`;
  const role = `${verb}-${resource}`;
  const grantNamespace = namespace ?? 'NAMESPACE';
  return {
    permission: `${verb} ${type}${name === undefined ? '' : ` ${name}`}${namespace === undefined ? '' : ` -n ${namespace}`}`,
    command: [
      `kubectl create role ${role} -n ${grantNamespace} --verb=${verb} --resource=${type}`,
      `kubectl create rolebinding ${role} -n ${grantNamespace} --role=${role} --user=${shellQuote(user.name)}`,
    ].join('\n'),
  };
}

function shellQuote(text: string): string {
  return /^[\w.:@/+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

import { isStatus, KubernetesError } from '../../kube/errors.ts';
import { isSystemName } from '../../kube/names.ts';
import { createRight, type Right } from '../keys/api.ts';
import type { Namespaces } from '../keys/namespaces.ts';
import { keyTable } from '../keys/rows.ts';
import { readOwn, type Visitor } from '../keys/visitor.ts';
import type { KeyContent } from '../pages/access-keys.ts';
import type { Person } from '../pages/personal-center.ts';
import type { ClusterUser } from '../session/identity.ts';

/** What the page of the access keys shows to a visitor. */
export async function keyContentOf(visitor: Visitor, namespaces: Namespaces): Promise<KeyContent> {
  try {
    const live = await readOwn(visitor);
    if (live) return { kind: 'table', table: keyTable(live), mayManage: visitor.may.manage };
  } catch (error) {
    if (!isStatus(error, 403) || !visitor.own) throw error;
    const right = { ...createRight, verb: 'get', namespace: visitor.own.namespace };
    return { kind: 'unreadable', right: describeRight(right), command: grantCommand(right, visitor.user) };
  }
  const first = visitor.may.create ? await namespaces.firstFor(visitor) : undefined;
  if (first !== undefined) return { kind: 'first' };
  return { kind: 'no-right', right: describeRight(createRight), command: grantCommand(createRight, visitor.user) };
}

/** A right in the words of kubectl. */
export function describeRight({ verb, resource, group, namespace, name }: Right): string {
  const what = group === '' ? resource : `${resource}.${group}`;
  return `${verb} ${what}${name === undefined ? '' : ` ${name}`}${namespace === undefined ? '' : ` -n ${namespace}`}`;
}

/** Commands by which an administrator gives a right. */
export function grantCommand({ verb, resource, group, namespace = 'NAMESPACE' }: Right, { name }: ClusterUser): string {
  const what = group === '' ? resource : `${resource}.${group}`;
  const role = `${verb}-${resource}`;
  return [
    `kubectl create role ${role} -n ${namespace} --verb=${verb} --resource=${what}`,
    `kubectl create rolebinding ${role} -n ${namespace} --role=${role} --user=${quote(name)}`,
  ].join('\n');
}

/** A word of a shell's command. */
function quote(text: string): string {
  return /^[\w.:@/+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Who the Personal Center shows. */
export function personOf({ user }: Visitor, email?: string): Person {
  return { name: user.name, email, groups: user.groups.filter((group) => !isSystemName(group)) };
}

/** Whether the API server refused what it was sent. */
export function isInvalid(error: unknown): error is KubernetesError {
  return error instanceof KubernetesError && (error.status === 400 || error.status === 422);
}

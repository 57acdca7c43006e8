/** Compares the permissions of a ServiceAccount with the audit log of the API server. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kubectl } from '../../tools/kubectl.ts';

/** The attributes of a request that the API server authorized. */
export interface AuditedRequest {
  verb: string;
  group: string;
  /** Includes the subresource, as in `accesskeys/status`. */
  resource: string;
  namespace?: string | undefined;
  name?: string | undefined;
  allowed: boolean;
}

/** The smallest unit of RBAC: one verb on one resource, optionally for one name, in one namespace or in all. */
export interface Grant {
  verb: string;
  group: string;
  resource: string;
  /** If unset, any name. */
  name?: string | undefined;
  /** If unset, all namespaces and cluster-scoped. */
  namespace?: string | undefined;
}

interface Rule {
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  verbs: string[];
}

interface Binding {
  metadata: { name: string; namespace?: string };
  roleRef: { kind: string; name: string };
  subjects?: { kind: string; name: string; namespace?: string }[];
}

interface AuditEvent {
  stage: string;
  verb: string;
  user: { username: string };
  objectRef?: { apiGroup?: string; resource: string; subresource?: string; namespace?: string; name?: string };
  annotations?: Record<string, string>;
}

/** An audit log for an API server that starts later. */
export interface AuditLog {
  /** Arguments for kube-apiserver. */
  readonly arguments: readonly string[];
  /** @returns the resource requests of a user so far */
  requestsOf(username: string): Promise<AuditedRequest[]>;
}

/** @param directory for the policy and the log */
export async function createAuditLog(directory: string): Promise<AuditLog> {
  const [policy, log] = [join(directory, 'audit-policy.yaml'), join(directory, 'audit.log')];
  // A watch logs ResponseStarted when it begins and its final stage only when it ends.
  const rules = [{ level: 'Metadata' }];
  await writeFile(policy, JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules }));
  return {
    arguments: [`--audit-policy-file=${policy}`, `--audit-log-path=${log}`],
    async requestsOf(username) {
      const lines = (await readFile(log, 'utf8')).split('\n').filter((line) => line !== '');
      const events = lines.map((line): AuditEvent => JSON.parse(line));
      return events
        .filter((one) => one.user.username === username && one.stage !== 'RequestReceived')
        .flatMap(toRequest);
    },
  };
}

function toRequest({ verb, objectRef, annotations = {} }: AuditEvent): AuditedRequest[] {
  if (!objectRef) return [];
  const { apiGroup: group = '', resource, subresource, namespace, name } = objectRef;
  const allowed = annotations['authorization.k8s.io/decision'] === 'allow';
  return [{ verb, group, resource: subresource ? `${resource}/${subresource}` : resource, namespace, name, allowed }];
}

/** @returns every grant that is bound to a ServiceAccount by name */
export async function grantsOf(kubectl: Kubectl, namespace: string, name: string): Promise<Grant[]> {
  const { items } = await kubectl.get<{ items: Binding[] }>('clusterrolebindings,rolebindings', '-A');
  const bound = items.filter(({ subjects = [] }) =>
    subjects.some((one) => one.kind === 'ServiceAccount' && one.namespace === namespace && one.name === name),
  );
  const grants = await Promise.all(bound.map((binding) => grantsOfBinding(kubectl, binding)));
  return grants.flat();
}

async function grantsOfBinding(kubectl: Kubectl, { metadata, roleRef }: Binding): Promise<Grant[]> {
  const where = roleRef.kind === 'Role' ? ['-n', metadata.namespace ?? ''] : [];
  const { rules } = await kubectl.get<{ rules: Rule[] }>(roleRef.kind.toLowerCase(), roleRef.name, ...where);
  return rules.flatMap((rule) => grantsOfRule(rule, metadata.namespace));
}

function grantsOfRule({ apiGroups = [], resources = [], resourceNames, verbs }: Rule, namespace?: string): Grant[] {
  const names = resourceNames ?? [undefined];
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      verbs.flatMap((verb) => names.map((name) => ({ verb, group, resource, name, namespace }))),
    ),
  );
}

/** @returns the grants that no request used */
export function unusedGrants(grants: readonly Grant[], requests: readonly AuditedRequest[]): Grant[] {
  return grants.filter((grant) => !requests.some((request) => isUseOf(grant, request)));
}

function isUseOf({ verb, group, resource, name, namespace }: Grant, request: AuditedRequest): boolean {
  return (
    request.allowed &&
    request.verb === verb &&
    request.group === group &&
    request.resource === resource &&
    (namespace === undefined || request.namespace === namespace) &&
    (name === undefined || request.name === name)
  );
}

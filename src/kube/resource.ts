/** A resource of the Kubernetes API, in one namespace or in the whole cluster. */
export interface Resource {
  /** Group and version, for example `apps/v1`; `v1` for the core group. */
  readonly apiVersion: string;
  readonly plural: string;
  readonly namespace?: string | undefined;
}

/** One object of a resource, or a subresource of it. */
export interface ObjectReference extends Resource {
  readonly name: string;
  readonly subresource?: string;
}

/** Namespace and name of an object whose resource is known. */
export interface NamespacedName {
  readonly namespace: string;
  readonly name: string;
}

/** The built-in resources that the operator reads or writes. */
export const resources = {
  configMaps: { apiVersion: 'v1', plural: 'configmaps' },
  secrets: { apiVersion: 'v1', plural: 'secrets' },
  namespaces: { apiVersion: 'v1', plural: 'namespaces' },
  deployments: { apiVersion: 'apps/v1', plural: 'deployments' },
  roleBindings: { apiVersion: 'rbac.authorization.k8s.io/v1', plural: 'rolebindings' },
  leases: { apiVersion: 'coordination.k8s.io/v1', plural: 'leases' },
  events: { apiVersion: 'events.k8s.io/v1', plural: 'events' },
  tokenReviews: { apiVersion: 'authentication.k8s.io/v1', plural: 'tokenreviews' },
  selfSubjectReviews: { apiVersion: 'authentication.k8s.io/v1', plural: 'selfsubjectreviews' },
  subjectAccessReviews: { apiVersion: 'authorization.k8s.io/v1', plural: 'subjectaccessreviews' },
  localSubjectAccessReviews: { apiVersion: 'authorization.k8s.io/v1', plural: 'localsubjectaccessreviews' },
  selfSubjectAccessReviews: { apiVersion: 'authorization.k8s.io/v1', plural: 'selfsubjectaccessreviews' },
  selfSubjectRulesReviews: { apiVersion: 'authorization.k8s.io/v1', plural: 'selfsubjectrulesreviews' },
} as const satisfies Record<string, Resource>;

/** The URL path of a resource or of one of its objects, from the root of the API server. */
export function pathOf({
  apiVersion,
  plural,
  namespace,
  name,
  subresource,
}: Resource & Partial<ObjectReference>): string {
  const root = apiVersion.includes('/') ? 'apis' : 'api';
  const segments = [
    ...(namespace === undefined ? [] : ['namespaces', encodeURIComponent(namespace)]),
    plural,
    ...(name === undefined ? [] : [encodeURIComponent(name)]),
    ...(subresource === undefined ? [] : [subresource]),
  ];
  return `/${root}/${apiVersion}/${segments.join('/')}`;
}

/**
 * The JSON form of a client-node model, as the API server sends it.
 *
 * client-node's models declare timestamps as `Date`, because its serializer converts them. Here objects are plain JSON,
 * where a timestamp (metav1.Time, RFC 3339) is a string.
 */
export type Json<T> = T extends Date ? string : T extends object ? { [K in keyof T]: Json<T[K]> } : T;

/** Formats a time as metav1.MicroTime, which must have exactly six fraction digits. */
export function microTime(time: Date): string {
  return time.toISOString().replace('Z', '000Z');
}

/** Names of Kubernetes objects and users. Pure. */

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;

/** Form of an RFC 1123 label, without its maximum length. */
export const dnsLabelPattern = new RegExp(`^${label}$`);

/** Form of an RFC 1123 subdomain, without its maximum length. */
export const dnsSubdomainPattern = new RegExp(`^${subdomain}$`);

/** Form of the name of an extended resource, such as `nvidia.com/gpu`: a subdomain, a slash and a qualified name. */
export const extendedResourcePattern = new RegExp(`^${subdomain}/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`);

/** Whether a namespace can have this name (RFC 1123 label). */
export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && dnsLabelPattern.test(text);
}

/** Whether most other objects can have this name (RFC 1123 subdomain). */
export function isDnsSubdomain(text: string): boolean {
  return text.length <= 253 && dnsSubdomainPattern.test(text);
}

const systemPrefix = 'system:';
const serviceAccountPrefix = `${systemPrefix}serviceaccount:`;

/**
 * Whether Kubernetes reserves the name of a user or group
 * (https://kubernetes.io/docs/reference/access-authn-authz/rbac/).
 */
export function isSystemName(name: string): boolean {
  return name.startsWith(systemPrefix);
}

export interface ServiceAccountName {
  namespace: string;
  name: string;
}

/** The username of a ServiceAccount (k8s.io/apiserver, serviceaccount.MakeUsername). */
export function usernameOf({ namespace, name }: ServiceAccountName): string {
  return `${serviceAccountPrefix}${namespace}:${name}`;
}

/** @returns undefined if the username is not that of a ServiceAccount (serviceaccount.SplitUsername) */
export function parseUsername(username: string): ServiceAccountName | undefined {
  if (!username.startsWith(serviceAccountPrefix)) return undefined;
  const [namespace, name, ...rest] = username.slice(serviceAccountPrefix.length).split(':');
  return namespace && name && rest.length === 0 ? { namespace, name } : undefined;
}

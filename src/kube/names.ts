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

/**
 * The share of a limited resource that a user has, such as concurrent reviews. All ServiceAccounts of a namespace have one
 * share, because an editor of the namespace can act as any number of them, also as some that do not exist. Groups do not
 * count: the same user can have different ones.
 *
 * @returns a text that is equal for users with a common share
 */
export function shareOf(username: string): string {
  const account = parseUsername(username);
  return account === undefined ? username : `${serviceAccountPrefix}${account.namespace}`;
}

/** @returns undefined if the username is not that of a ServiceAccount (serviceaccount.SplitUsername) */
export function parseUsername(username: string): ServiceAccountName | undefined {
  if (!username.startsWith(serviceAccountPrefix)) return undefined;
  const [namespace, name, ...rest] = username.slice(serviceAccountPrefix.length).split(':');
  return namespace && name && rest.length === 0 ? { namespace, name } : undefined;
}

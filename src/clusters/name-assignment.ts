import type { KubeConfig } from '@kubernetes/client-node';
import { KubeconfigError } from '../kube/kubeconfig.ts';
import { isDnsSubdomain } from '../kube/names.ts';
import { compareText } from '../kube/sorted-list.ts';
import type { Registration } from './registration.ts';

/** A registration, whether its name is assigned to it, and either its kubeconfig or the reason for the rejection. */
export interface NameAssignment {
  readonly registration: Registration;
  /** Whether the name is assigned to this registration. It is also if the kubeconfig is rejected. */
  readonly hasName: boolean;
  /** Set if the cluster is to be connected. */
  readonly kubeconfig?: KubeConfig;
  /** Why the cluster is not to be connected, for people. */
  readonly rejection?: string;
}

/**
 * Assigns each name to its oldest registration (creationTimestamp, then namespace/name). The registration keeps the name
 * while its kubeconfig is invalid, so that no other cluster can take over a name because of a mistake.
 *
 * @param localName name of the local cluster, which no registration can have
 */
export function assignNames(registrations: Iterable<Registration>, localName: string): readonly NameAssignment[] {
  const byName = new Map<string, Registration>();
  const oldestFirst = [...registrations].filter(({ deleting }) => !deleting).sort(byAge);
  return oldestFirst.map((registration) => {
    const rejection = rejectionOfName(registration, localName, byName.get(registration.name));
    if (rejection !== undefined) return { registration, hasName: false, rejection };
    byName.set(registration.name, registration);
    const { kubeconfig } = registration;
    if (!(kubeconfig instanceof KubeconfigError)) return { registration, hasName: true, kubeconfig };
    return { registration, hasName: true, rejection: `kubeconfig: ${kubeconfig.message}` };
  });
}

function rejectionOfName(
  { name }: Registration,
  localName: string,
  older: Registration | undefined,
): string | undefined {
  if (!isDnsSubdomain(name)) return 'the name must be a lower-case RFC 1123 subdomain';
  if (name === localName) return 'the name is that of the local cluster';
  if (older) return `the name is taken by the older Secret ${older.secretName}`;
  return undefined;
}

/** RFC 3339 times in UTC with whole seconds, as Kubernetes writes them, sort like text. */
function byAge(a: Registration, b: Registration): number {
  return compareText(a.createdAt, b.createdAt) || compareText(a.key, b.key);
}

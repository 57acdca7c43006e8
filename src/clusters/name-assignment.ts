import type { KubeConfig } from '@kubernetes/client-node';
import { KubeconfigError } from '../kube/kubeconfig.ts';
import { isDnsSubdomain } from '../kube/names.ts';
import type { Registration } from './registration.ts';

/** A registration, whether it holds its name, and either its kubeconfig or the reason of the refusal. */
export interface NameAssignment {
  readonly registration: Registration;
  /** Whether the registration holds its name. A registration with a refused kubeconfig still does. */
  readonly holdsName: boolean;
  /** Set if the cluster is to be connected. */
  readonly kubeconfig?: KubeConfig;
  /** Why the cluster is not to be connected, for people. */
  readonly refusal?: string;
}

/**
 * Decides which registration holds which name: the oldest (creationTimestamp, then namespace/name). It keeps the name while
 * its kubeconfig is broken, so that no other cluster can take over a name because of a mistake.
 *
 * @param localName name of the local cluster, which no registration can hold
 */
export function assignNames(registrations: Iterable<Registration>, localName: string): readonly NameAssignment[] {
  const holders = new Map<string, Registration>();
  const oldestFirst = [...registrations].filter(({ deleting }) => !deleting).sort(byAge);
  return oldestFirst.map((registration) => {
    const refusal = nameRefusal(registration, localName, holders.get(registration.name));
    if (refusal !== undefined) return { registration, holdsName: false, refusal };
    holders.set(registration.name, registration);
    const { kubeconfig } = registration;
    if (!(kubeconfig instanceof KubeconfigError)) return { registration, holdsName: true, kubeconfig };
    return { registration, holdsName: true, refusal: `kubeconfig: ${kubeconfig.message}` };
  });
}

function nameRefusal({ name }: Registration, localName: string, holder: Registration | undefined): string | undefined {
  if (!isDnsSubdomain(name)) return 'the name must be a lower-case RFC 1123 subdomain';
  if (name === localName) return 'the name is that of the local cluster';
  if (holder) return `the name is taken by the older Secret ${holder.secretName}`;
  return undefined;
}

function byAge(a: Registration, b: Registration): number {
  return compare(a.createdAt, b.createdAt) || compare(a.key, b.key);
}

/** Compares text. RFC 3339 times in UTC with whole seconds, as Kubernetes writes them, sort like text. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

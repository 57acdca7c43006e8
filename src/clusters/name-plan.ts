import { KubeconfigError } from '../kube/kubeconfig.ts';
import { isDnsSubdomain } from '../kube/names.ts';
import type { Registration } from './registration.ts';

/** A registration, and what became of it. */
export interface Judged {
  readonly registration: Registration;
  /** Whether the name is this one's, also while its kubeconfig is refused. */
  readonly holdsName: boolean;
  /** Why the cluster is not connected, for a person; undefined when nothing stands against it. */
  readonly refusal?: string;
}

/**
 * Decides which registration has which name. The oldest has it (creationTimestamp, then namespace/name), and keeps it
 * when its kubeconfig is broken: nobody can put another cluster under a name by waiting for a mistake.
 *
 * @param home name of the cluster that the operator works for, which nobody can take
 */
export function judgeRegistrations(registrations: Iterable<Registration>, home: string): readonly Judged[] {
  const holders = new Map<string, Registration>();
  const inOrder = [...registrations].filter(({ deleting }) => !deleting).sort(byAge);
  return inOrder.map((registration) => {
    const refusal = refusalOfName(registration, home, holders.get(registration.name));
    if (refusal !== undefined) return { registration, holdsName: false, refusal };
    holders.set(registration.name, registration);
    const { kubeconfig } = registration;
    if (!(kubeconfig instanceof KubeconfigError)) return { registration, holdsName: true };
    return { registration, holdsName: true, refusal: `kubeconfig: ${kubeconfig.message}` };
  });
}

function refusalOfName({ name }: Registration, home: string, holder: Registration | undefined): string | undefined {
  if (!isDnsSubdomain(name)) return 'the name must be a lower-case RFC 1123 subdomain';
  if (name === home) return 'the name is that of the cluster that the operator works for';
  if (holder) return `the name is taken by the Secret ${holder.secretName}, which is older`;
  return undefined;
}

function byAge(a: Registration, b: Registration): number {
  return compare(a.createdAt, b.createdAt) || compare(a.key, b.key);
}

/** RFC 3339 in UTC and whole seconds, as Kubernetes writes it, is ordered like its text. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

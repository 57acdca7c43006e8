import { type Fact, type Finding, failed, ok, skipped, warning } from './finding.ts';

export interface Deployment {
  readonly spec: {
    readonly replicas?: number;
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly name: string; readonly image?: string }[] };
    };
  };
  readonly status?: { readonly availableReplicas?: number; readonly updatedReplicas?: number };
}

export interface Lease {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly renewTime?: string;
    readonly leaseDurationSeconds?: number;
  };
}

/** Where the operator is installed. */
export interface Place {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Checks that all replicas are available.
 *
 * @param leads whether a replica leads, see `checkLease`. An operator outside of the cluster has no Deployment.
 */
export function checkDeployment(deployment: Fact<Deployment>, { namespace, name }: Place, leads: boolean): Finding {
  const check = 'operator';
  if (!('value' in deployment)) {
    if (deployment.missing !== 'notFound') return skipped(check, deployment.reason);
    const message = `there is no Deployment ${name} in the namespace ${namespace}`;
    if (leads) return skipped(check, `${message}, but a replica that runs elsewhere leads`);
    return failed(check, message, 'Install the operator, or set --operator-namespace.');
  }
  const { spec, status } = deployment.value;
  const { replicas = 1 } = spec;
  const { availableReplicas: available = 0 } = status ?? {};
  const message = `${available} of ${replicas} replicas are available`;
  const advice = `See kubectl describe pods -n ${namespace} and docs/troubleshooting.md, "The pod does not start".`;
  if (replicas === 0) return failed(check, 'the Deployment has no replicas', 'Scale it to at least one replica.');
  if (available === 0) return failed(check, message, advice);
  return available < replicas ? warning(check, message, advice) : ok(check, message);
}

/** Compares the tag of the image with the version of this program. */
export function checkVersion(deployment: Fact<Deployment>, version: string): Finding {
  const check = 'version';
  if (!('value' in deployment)) return skipped(check, deployment.reason);
  const { containers } = deployment.value.spec.template.spec;
  const image = (containers.find(({ name }) => name === 'operator') ?? containers[0])?.image ?? '';
  const tag = /:v?([\w][\w.-]*)(?:@|$)/.exec(image)?.[1];
  if (tag === undefined || !/^\d+\.\d+\.\d+/.test(tag)) {
    return skipped(check, `the image ${image} has no version in its tag; this program has version ${version}`);
  }
  if (tag === version) return ok(check, `operator and CLI have version ${version}`);
  return warning(
    check,
    `the operator has version ${tag}, this program ${version}`,
    'Use the CLI of the version of the operator; findings about fields and permissions may be wrong.',
  );
}

/** How often a Lease may be renewed late before it counts as stale: the next leader needs some time. */
const tolerance = 2;

/**
 * Checks that a replica leads.
 *
 * @param now time of the API server, milliseconds since the epoch
 */
export function checkLease(lease: Fact<Lease>, { namespace, name }: Place, now: number): Finding {
  const check = 'leader';
  const advice = `See kubectl logs -n ${namespace} deploy/${name}; without a leader, AccessKeys are not reconciled.`;
  if (!('value' in lease)) {
    if (lease.missing !== 'notFound') return skipped(check, lease.reason);
    return failed(check, `there is no Lease ${name} in the namespace ${namespace}`, advice);
  }
  const { holderIdentity = '', renewTime = '', leaseDurationSeconds = 15 } = lease.value.spec ?? {};
  if (holderIdentity === '') return failed(check, 'no replica leads', advice);
  const ageSeconds = Math.round((now - Date.parse(renewTime)) / 1000);
  if (!(ageSeconds <= leaseDurationSeconds * tolerance)) {
    return failed(check, `${holderIdentity} renewed the Lease ${ageSeconds} s ago and is probably down`, advice);
  }
  return ok(check, `${holderIdentity} leads`);
}

import { accessKeys, kind } from '../../accesskey/model/access-key-record.ts';
import { createKubernetesClient } from '../../kube/client.ts';
import { describeError, KubernetesError } from '../../kube/errors.ts';
import { pathOf } from '../../kube/resource.ts';
import type { Transport } from '../../kube/transport.ts';
import type { Cluster } from '../common/cluster.ts';
import type { Escalation, EscalationAttempt } from './check-policies.ts';
import type { Fact } from './finding.ts';
import { readFact } from './read-fact.ts';
import { reviewOwn } from './read-permissions.ts';

/** A user that does not exist. To name a user with this prefix, `name-user` is not enough. */
const user = 'system:accesskey-doctor';
const groups = ['system:masters'];

/**
 * Tries to create an AccessKey that only a cluster administrator may create, as a dry run: nothing is stored.
 *
 * @param probeAs user to impersonate; undefined for the user of the connection
 */
export async function tryEscalation(
  { transport, namespace }: Cluster,
  probeAs: string | undefined,
): Promise<EscalationAttempt> {
  const asUser = probeAs === undefined ? transport : impersonating(transport, probeAs);
  return { who: probeAs ?? 'you', namespace, result: await attempt(asUser, namespace) };
}

function impersonating(transport: Transport, name: string): Transport {
  const send: Transport['send'] = (request) =>
    transport.send({ ...request, headers: { ...request.headers, 'impersonate-user': name } });
  return { ...transport, send };
}

async function attempt(transport: Transport, namespace: string): Promise<Escalation> {
  const metadata = { name: 'accesskey-doctor', namespace };
  const body = JSON.stringify({
    apiVersion: accessKeys.apiVersion,
    kind,
    metadata,
    spec: { user: { name: user, groups } },
  });
  const path = `${pathOf({ ...accessKeys, namespace })}?dryRun=All`;
  try {
    const headers = { accept: 'application/json', 'content-type': 'application/json' };
    const response = await transport.send({ method: 'POST', path, headers, body });
    await response.body.dump();
    return { outcome: 'accepted', mayImpersonate: await mayImpersonate(transport) };
  } catch (error) {
    return toOutcome(error);
  }
}

function toOutcome(error: unknown): Escalation {
  if (error instanceof KubernetesError && error.denied) {
    return { outcome: 'denied', policy: /ValidatingAdmissionPolicy '([^']+)'/.exec(error.detail)?.[1] };
  }
  if (error instanceof KubernetesError && error.status === 403) return { outcome: 'forbidden' };
  return { outcome: 'error', reason: describeError(error) };
}

/** Whether the user may do what the policies require for such an AccessKey. */
async function mayImpersonate(transport: Transport): Promise<Fact<boolean>> {
  return readFact(async () => {
    const reviewed = await reviewOwn(createKubernetesClient(transport), [
      { group: '', resource: 'users', verb: 'impersonate', name: user },
      ...groups.map((name) => ({ group: '', resource: 'groups', verb: 'impersonate', name })),
    ]);
    return reviewed.every(({ allowed }) => 'value' in allowed && allowed.value);
  });
}

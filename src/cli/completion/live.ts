/** Names of the cluster and of the kubeconfig, for completion. */
import { accessKeys, pairStatusOf, toAccessKeyRecord } from '../../accesskey/model/access-key-record.ts';
import type { RawObject } from '../../kube/raw-object.ts';
import { resources } from '../../kube/resource.ts';
import { type Cluster, type ClusterFlags, withCluster } from '../common/cluster.ts';
import type { CliContext } from '../common/context.ts';
import type { Position } from './position.ts';

/** A word that a shell offers. */
export interface Candidate {
  value: string;
  description: string;
}

/** A shell waits for completion, so it must not take longer; milliseconds. */
const requestTimeout = 3000;

type Read = (cluster: Cluster) => Promise<Candidate[]>;

/** What an argument or flag with this name stands for. */
const readers: Readonly<Record<string, Read>> = {
  name: async (cluster) => [...(await accessKeyNames(cluster)), ...(await pairNames(cluster))],
  pair: pairNames,
  '--namespace': async ({ client }) => {
    const namespaces = await client.list<RawObject>(resources.namespaces, {});
    return namespaces.map(({ metadata }) => ({ value: metadata.name, description: '' }));
  },
  '--context': async ({ contexts }) => contexts.map((value) => ({ value, description: '' })),
};

/** @returns the names; none if the cluster cannot be reached, because there is no place for a message */
export async function liveCandidates(context: CliContext, { flags }: Position, name: string): Promise<Candidate[]> {
  const read = readers[name];
  if (!read) return [];
  const background = { connect: (given: ClusterFlags) => context.connect(given, { background: true }) };
  try {
    return await withCluster(background, { ...(flags as ClusterFlags), requestTimeout }, read);
  } catch {
    return [];
  }
}

async function listAccessKeys({ client, namespace }: Cluster) {
  const items = await client.list<RawObject>({ ...accessKeys, namespace }, {});
  return items.map(toAccessKeyRecord);
}

async function accessKeyNames(cluster: Cluster): Promise<Candidate[]> {
  const records = await listAccessKeys(cluster);
  return records.map(({ name, spec }) => ({ value: name, description: `user ${spec.user.name}` }));
}

async function pairNames(cluster: Cluster): Promise<Candidate[]> {
  const records = await listAccessKeys(cluster);
  return records.flatMap((record) =>
    (record.spec.keyPairs ?? []).map(({ name }) => ({
      value: `${record.name}/${name}`,
      description: pairStatusOf(record, name)?.state ?? 'Pending',
    })),
  );
}

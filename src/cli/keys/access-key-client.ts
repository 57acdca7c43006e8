import type { KeyPairSpecs } from '../../accesskey/change/access-key-api.ts';
import type { FieldsEntry } from '../../accesskey/change/managed-fields.ts';
import { type AccessKeyRecord, accessKeys, toAccessKeyRecord } from '../../accesskey/model/access-key-record.ts';
import type { RawObject } from '../../kube/raw-object.ts';
import type { Cluster } from '../common/cluster.ts';
import type { CliContext } from '../common/context.ts';
import type { DryRun } from './change-flags.ts';
import { fieldManager } from './conflicts.ts';

/** An AccessKey as read from the API server. */
export interface FetchedAccessKey {
  raw: RawObject;
  record: AccessKeyRecord;
  managedFields: readonly FieldsEntry[];
}

/** Reads and writes AccessKeys of the namespace of the command. Its methods throw KubernetesError and ConnectionError. */
export interface AccessKeyClient {
  read(name: string): Promise<FetchedAccessKey>;
  /** @returns the changed object; with a dry run of the client, what would be sent */
  replaceKeyPairs(fetched: FetchedAccessKey, keyPairs: KeyPairSpecs): Promise<RawObject>;
  create(object: object): Promise<RawObject>;
  remove(fetched: FetchedAccessKey): Promise<void>;
}

export function createAccessKeyClient(
  { client, namespace }: Cluster,
  dryRun: DryRun,
  { signal }: Pick<CliContext, 'signal'>,
): AccessKeyClient {
  const resource = { ...accessKeys, namespace };
  const options = { fieldManager, dryRun: dryRun === 'server', signal };
  return {
    async read(name) {
      const raw = await client.get<RawObject>({ ...resource, name }, { signal });
      const managedFields = (raw.metadata.managedFields ?? []) as FieldsEntry[];
      return { raw, record: toAccessKeyRecord(raw), managedFields };
    },
    replaceKeyPairs({ raw, record: { name, uid, resourceVersion } }, keyPairs) {
      if (dryRun === 'client') return Promise.resolve({ ...raw, spec: { ...(raw.spec as object), keyPairs } });
      const patch = { metadata: { uid, resourceVersion }, spec: { keyPairs } };
      return client.patch<RawObject>({ ...resource, name }, patch, options);
    },
    create(object) {
      if (dryRun === 'client') return Promise.resolve(object as RawObject);
      return client.create<RawObject>(resource, object, options);
    },
    async remove({ record: { name, uid, resourceVersion } }) {
      if (dryRun !== 'client') await client.delete({ ...resource, name }, { uid, resourceVersion }, options);
    },
  };
}

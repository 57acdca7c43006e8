import { type FetchedAccessKey, type KeyPairSpecs, toFetchedAccessKey } from '../../accesskey/change/access-key-api.ts';
import { accessKeys } from '../../accesskey/model/access-key-record.ts';
import { cliFieldManager as fieldManager } from '../../accesskey/model/field-managers.ts';
import type { RawObject } from '../../kube/raw-object.ts';
import type { Cluster } from '../common/cluster.ts';
import type { CliContext } from '../common/context.ts';
import type { DryRun } from './change-flags.ts';

/** An AccessKey as read from the API server. */
export interface CurrentAccessKey extends FetchedAccessKey {
  raw: RawObject;
}

/** Reads and writes AccessKeys of the namespace of the command. Its methods throw KubernetesError and ConnectionError. */
export interface AccessKeyClient {
  read(name: string): Promise<CurrentAccessKey>;
  /** @returns the changed object; with a dry run of the client, what would be sent */
  replaceKeyPairs(fetched: CurrentAccessKey, keyPairs: KeyPairSpecs): Promise<RawObject>;
  create(object: object): Promise<RawObject>;
  remove(fetched: CurrentAccessKey): Promise<void>;
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
      return { raw, ...toFetchedAccessKey(raw) };
    },
    replaceKeyPairs({ raw, name, uid, resourceVersion }, keyPairs) {
      if (dryRun === 'client') return Promise.resolve({ ...raw, spec: { ...(raw.spec as object), keyPairs } });
      const patch = { metadata: { uid, resourceVersion }, spec: { keyPairs } };
      return client.patch<RawObject>({ ...resource, name }, patch, options);
    },
    create(object) {
      if (dryRun === 'client') return Promise.resolve(object as RawObject);
      return client.create<RawObject>(resource, object, options);
    },
    async remove({ name, uid, resourceVersion }) {
      if (dryRun !== 'client') await client.delete({ ...resource, name }, { uid, resourceVersion }, options);
    },
  };
}

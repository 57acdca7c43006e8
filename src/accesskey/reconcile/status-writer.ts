import { isDeepStrictEqual } from 'node:util';
import type { KubernetesClient } from '../../kube/client.ts';
import { isStatus } from '../../kube/errors.ts';
import { type AccessKeyRecord, accessKeys } from '../model/access-key-record.ts';
import type { AccessKeyStatus } from '../model/types.generated.ts';
import { StaleCacheError } from './secret-api.ts';

/** Whether two statuses say the same, in whatever order the members are. */
export function isSameStatus(a: AccessKeyStatus, b: AccessKeyStatus): boolean {
  return isDeepStrictEqual(a, b);
}

/**
 * Writes a status whole, as a merge patch with uid and resourceVersion: it never lands on a successor, on a newer spec
 * or over what another has written since. (Not by server-side apply: the controller and the replicas that note the last
 * use both write items of `keyPairs`, and an item that two managers own cannot be taken away by one of them.)
 *
 * @throws StaleCacheError when the AccessKey has changed or is gone
 */
export async function writeStatus(
  client: KubernetesClient,
  { namespace, name, uid, resourceVersion }: AccessKeyRecord,
  status: AccessKeyStatus,
): Promise<void> {
  const { userID = null, keyPairs = null, ...rest } = status;
  const body = { metadata: { uid, resourceVersion }, status: { ...rest, userID, keyPairs } };
  try {
    await client.patch({ ...accessKeys, namespace, name, subresource: 'status' }, body);
  } catch (error) {
    if (!isStatus(error, 409) && !isStatus(error, 404)) throw error;
    throw new StaleCacheError(`AccessKey ${namespace}/${name} has changed`, { cause: error });
  }
}

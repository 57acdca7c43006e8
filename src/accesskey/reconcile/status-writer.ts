import { isDeepStrictEqual } from 'node:util';
import type { KubernetesClient } from '../../kube/client.ts';
import { isStatus } from '../../kube/errors.ts';
import { type AccessKeyRecord, accessKeys } from '../model/access-key-record.ts';
import type { AccessKeyStatus } from '../model/types.generated.ts';
import { StaleCacheError } from './secret-errors.ts';

/** Compares two statuses, regardless of the order of their members. */
export function isSameStatus(a: AccessKeyStatus, b: AccessKeyStatus): boolean {
  return isDeepStrictEqual(a, b);
}

/**
 * Replaces the status with a merge patch that has uid and resourceVersion as preconditions, so it never affects another
 * AccessKey of the same name, a newer spec or a later write. Server-side apply is not possible: the controller and the
 * replicas that record the last use both write items of `keyPairs`, and neither of two field managers can remove an item
 * that both own.
 *
 * @throws StaleCacheError if the AccessKey has changed or no longer exists
 */
export async function writeStatus(
  client: KubernetesClient,
  { namespace, name, uid, resourceVersion }: AccessKeyRecord,
  status: AccessKeyStatus,
): Promise<void> {
  const { userID = null, formerSecrets = null, keyPairs = null, serviceAccounts = null, summary, ...rest } = status;
  const body = {
    metadata: { uid, resourceVersion },
    status: {
      ...rest,
      userID,
      formerSecrets,
      keyPairs,
      serviceAccounts,
      ...(summary && { summary: { nextExpiry: null, lastUsedTime: null, ...summary } }),
    },
  };
  try {
    await client.patch({ ...accessKeys, namespace, name, subresource: 'status' }, body);
  } catch (error) {
    if (!isStatus(error, 409) && !isStatus(error, 404)) throw error;
    throw new StaleCacheError(`AccessKey ${namespace}/${name} has changed`, { cause: error });
  }
}

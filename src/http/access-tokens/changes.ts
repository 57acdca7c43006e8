/** Adds and removes the key pairs of access tokens, with the permissions of the operator. */
import type { AccessKeyApi, FetchedAccessKey, KeyPairSpecs } from '../../accesskey/change/access-key-api.ts';
import { additionProblem, maxPairs } from '../../accesskey/change/addition.ts';
import { managementOf, managerOf } from '../../accesskey/change/managed-fields.ts';
import { type AccessKeyRecord, pairStatusOf } from '../../accesskey/model/access-key-record.ts';
import { formatTime } from '../../accesskey/model/time.ts';
import { rejectionReason } from '../../kube/denial.ts';
import { isStatus, KubernetesError } from '../../kube/errors.ts';
import { isConflict, retryOnConflict } from '../../kube/retry-on-conflict.ts';
import { PlatformError } from '../common/errors.ts';

/**
 * Changes the key pairs of an AccessKey as they are on the API server.
 *
 * @param change throws PlatformError if the change is not possible
 * @returns metadata.generation after the change
 * @throws PlatformError 403, 404, 409; KubernetesError, ConnectionError if the cluster is unavailable
 */
export async function changeKeyPairs(
  api: AccessKeyApi,
  { namespace, name, uid }: Pick<AccessKeyRecord, 'namespace' | 'name' | 'uid'>,
  change: (fetched: FetchedAccessKey) => KeyPairSpecs,
): Promise<number> {
  try {
    return await retryOnConflict(async () => {
      const fetched = await api.read(namespace, name);
      if (fetched.uid !== uid || fetched.deleting) throw new PlatformError('notFound', 'user not found');
      await api.replaceKeyPairs(fetched, change(fetched));
      return fetched.generation + 1;
    });
  } catch (error) {
    if (isStatus(error, 404)) throw new PlatformError('notFound', 'user not found');
    if (isRejection(error)) throw new PlatformError('permissionDenied', describeRejection(error));
    if (isConflict(error)) throw new PlatformError('aborted', 'the AccessKey is being changed by others, try again');
    throw error;
  }
}

/** RBAC, the schema or an admission policy rejects the change. */
function isRejection(error: unknown): error is KubernetesError {
  return error instanceof KubernetesError && (error.denied || [400, 403, 422].includes(error.status));
}

/** Has the text of an admission policy or webhook, which names field and rule. */
function describeRejection({ denied, detail }: KubernetesError): string {
  const reason = denied ? `: ${rejectionReason(detail)}` : '';
  return `the cluster rejects the change of the AccessKey${reason}`;
}

/** A key pair to add. */
export interface NewPair {
  name: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  /** Networks from which it may be used; undefined: all. */
  allowedCIDRs: readonly string[] | undefined;
}

/** @throws PlatformError 400, 409 if the key pair cannot be added */
export function withNewPair(fetched: FetchedAccessKey, { name, expiresAt, allowedCIDRs }: NewPair): KeyPairSpecs {
  const keyPairs = fetched.spec.keyPairs ?? [];
  if (fetched.spec.suspended) throw new PlatformError('failedPrecondition', 'the user is suspended');
  requireUnmanaged(managementOf(fetched.managedFields).list);
  if (keyPairs.some((one) => one.name === name)) {
    throw new PlatformError('alreadyExists', 'name: a key pair with this name already exists');
  }
  // Its Secret may still exist. A new key pair in it would make the tokens of the deleted one valid again.
  if (pairStatusOf(fetched, name)) {
    throw new PlatformError('aborted', 'name: the former key pair with this name is still being deleted, try again');
  }
  const problem = additionProblem(keyPairs);
  if (problem?.reason === 'too-many') {
    const names = keyPairs.map((one) => one.name).join(', ');
    const message = `the user already has ${maxPairs} key pairs (${names}): delete one of them first`;
    throw new PlatformError('failedPrecondition', message);
  }
  if (problem) {
    const message = `the key pair ${problem.pair} counts as two because of rotation.overlap: disable or delete it first`;
    throw new PlatformError('failedPrecondition', message);
  }
  const networks = allowedCIDRs && { allowedCIDRs: [...allowedCIDRs] };
  return [...keyPairs, { name, accessToken: true, expiresAt: formatTime(expiresAt), ...networks }];
}

/** @throws PlatformError 400 if another tool manages the key pair, 404 if it is not that of an access token */
export function withoutPair(fetched: FetchedAccessKey, name: string): KeyPairSpecs {
  const keyPairs = fetched.spec.keyPairs ?? [];
  if (!keyPairs.some((one) => one.name === name && one.accessToken === true)) {
    throw new PlatformError('notFound', 'access token not found');
  }
  requireUnmanaged(managerOf(managementOf(fetched.managedFields), name, 'delete'));
  return keyPairs.filter((one) => one.name !== name);
}

function requireUnmanaged(manager: string | undefined): void {
  if (manager === undefined) return;
  const message = `the key pairs of the user are managed by ${manager}, which would revert the change`;
  throw new PlatformError('failedPrecondition', message);
}

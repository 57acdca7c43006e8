/** Adds and removes the key pairs of access tokens, with the permissions of the operator. */
import type { AccessKeyApi, FetchedAccessKey, KeyPairSpecs } from '../../accesskey/change/access-key-api.ts';
import { maxPairs } from '../../accesskey/change/addition.ts';
import {
  addPair,
  applyAction,
  EditError,
  type EditProblem,
  managerOfAction,
} from '../../accesskey/change/edit-pairs.ts';
import { managementOf } from '../../accesskey/change/managed-fields.ts';
import type { AccessKeyRecord } from '../../accesskey/model/access-key-record.ts';
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
export async function changeAccessTokens(
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
  if (fetched.spec.suspended) throw new PlatformError('failedPrecondition', 'the user is suspended');
  requireUnmanaged(managementOf(fetched.managedFields).list);
  const networks = allowedCIDRs && { allowedCIDRs: [...allowedCIDRs] };
  const pair = { name, accessToken: true, expiresAt: formatTime(expiresAt), ...networks };
  return explained(fetched, () => addPair(fetched, pair));
}

/** @throws PlatformError 400 if another tool manages the key pair, 404 if it is not that of an access token */
export function withoutPair(fetched: FetchedAccessKey, name: string): KeyPairSpecs {
  if (!fetched.spec.keyPairs?.some((one) => one.name === name && one.accessToken === true)) throw tokenNotFound();
  requireUnmanaged(managerOfAction(managementOf(fetched.managedFields), name, 'delete'));
  return applyAction(fetched, name, 'delete');
}

function requireUnmanaged(manager: string | undefined): void {
  if (manager === undefined) return;
  const message = `the key pairs of the user are managed by ${manager}, which would revert the change`;
  throw new PlatformError('failedPrecondition', message);
}

const tokenNotFound = () => new PlatformError('notFound', 'access token not found');

/** @throws PlatformError in place of an EditError */
function explained<T>(fetched: FetchedAccessKey, edit: () => T): T {
  try {
    return edit();
  } catch (error) {
    throw error instanceof EditError ? platformError(error.problem, fetched) : error;
  }
}

function platformError(problem: EditProblem, { spec: { keyPairs = [] } }: FetchedAccessKey): PlatformError {
  switch (problem.reason) {
    case 'too-many': {
      const names = keyPairs.map(({ name }) => name).join(', ');
      const message = `the user already has ${maxPairs} key pairs (${names}): delete one of them first`;
      return new PlatformError('failedPrecondition', message);
    }
    case 'overlap': {
      const reason = `the key pair ${problem.pair} counts as two because of rotation.overlap`;
      return new PlatformError('failedPrecondition', `${reason}: disable or delete it first`);
    }
    case 'name-taken':
      return new PlatformError('alreadyExists', 'name: a key pair with this name already exists');
    case 'still-deleted': {
      const message = 'name: the former key pair with this name is still being deleted, try again';
      return new PlatformError('aborted', message);
    }
    case 'no-pair':
      return tokenNotFound();
  }
}

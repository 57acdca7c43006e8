/** The errors of the requests for Secrets: which ones concern one Secret, and which ones the whole reconcile. */
import { isStatus, KubernetesError } from '../../kube/errors.ts';

/** The cached object that a decision was based on is outdated; the reconcile is retried. */
export class StaleCacheError extends Error {
  override readonly name = 'StaleCacheError';
}

/** Statuses of responses that are about the API server and not about one Secret. */
const serverStatuses = [401, 429, 502, 503, 504];

/**
 * Returns an error that is about one Secret, so that the reconcile can continue with the others.
 *
 * @throws any other error, so that the whole reconcile is retried
 */
export function secretErrorOf(error: unknown): KubernetesError {
  if (!(error instanceof KubernetesError) || serverStatuses.some((status) => isStatus(error, status))) throw error;
  return error;
}

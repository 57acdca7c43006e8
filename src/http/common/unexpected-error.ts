import { HTTPException } from 'hono/http-exception';
import { UndecidedError } from '../../access/limit.ts';
import { StaleClusterError } from '../../clusters/cluster.ts';
import { ConnectionError, describeError, KubernetesError } from '../../kube/errors.ts';
import type { RequestVariables } from './environment.ts';
import { PlatformError } from './errors.ts';

/**
 * What is not an error of the caller's is logged, and answered without a word of what it was.
 *
 * @param cluster the one that the request is about
 */
export function toPlatformError(error: Error, context: RequestVariables, cluster?: string): PlatformError {
  if (error instanceof PlatformError) return error;
  if (error instanceof HTTPException && error.status === 400) {
    return new PlatformError('invalidArgument', 'the request is malformed');
  }
  context.get('logFields').error = describeError(error);
  if ([ConnectionError, KubernetesError, UndecidedError, StaleClusterError].some((kind) => error instanceof kind)) {
    const name = error instanceof StaleClusterError ? error.cluster : cluster;
    const which = name === undefined ? 'the cluster' : `the cluster ${name}`;
    return new PlatformError('unavailable', `${which} cannot be asked now, try again`);
  }
  return new PlatformError('internal', 'internal error');
}

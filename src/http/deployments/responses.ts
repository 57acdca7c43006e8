import type { Context, TypedResponse } from 'hono';
import type { Cluster, Clusters } from '../../clusters/cluster.ts';
import { type Failure, type Visible, visibleInEach } from '../../clusters/visible.ts';
import type { Source } from '../../deployments/listing.ts';
import type { Caller } from '../../token/verify.ts';
import { answerText, privateAnswer } from '../common/cacheable.ts';
import type { Environment } from '../common/environment.ts';
import { PlatformError } from '../common/errors.ts';
import { toLoggedError } from '../common/logged-error.ts';
import { badParameter, callerFailures, forbidden, missing, notModified } from '../common/responses.ts';

/** Header with the clusters that are missing in a response over several clusters. */
const unavailableHeader = 'Unavailable-Clusters';

/** OpenAPI description of the header. */
export const unavailableHeaderDocument = {
  [unavailableHeader]: {
    description: 'Comma-separated list of clusters that are unavailable and left out; absent if none is',
    schema: { type: 'string' as const, example: 'west' },
  },
};

/** @throws PlatformError 404 if there is no such cluster */
export function requireCluster(clusters: Clusters, name: string): Cluster {
  const cluster = clusters.get(name);
  if (!cluster) throw new PlatformError('notFound', 'cluster: not found');
  return cluster;
}

/**
 * Returns the named clusters without duplicates; all clusters if `names` is undefined.
 *
 * @throws PlatformError 404 if one does not exist
 */
export function requireClusters(clusters: Clusters, names: string | readonly string[] | undefined): readonly Cluster[] {
  if (names === undefined) return clusters.all();
  return [...new Set([names].flat())].map((name) => requireCluster(clusters, name));
}

/**
 * Creates the error for a missing permission. It is the same whether or not the object exists.
 *
 * @param action for example `list deployments in any namespace`
 */
export function mayNot({ name }: Caller, action: string): PlatformError {
  return new PlatformError('permissionDenied', `user ${name} may not ${action}`);
}

/** Returns the list action, for `mayNot`. */
export function listing(namespace?: string): string {
  return `list deployments in ${namespace === undefined ? 'any namespace' : `the namespace ${namespace}`}`;
}

/** Errors of the routes that list what the caller may see in clusters. */
export const listingFailures = {
  ...notModified,
  ...callerFailures,
  400: badParameter('pageSize', 'must be a whole number from 1 to 500'),
  403: forbidden(`user alice may not ${listing()}`),
  404: missing('cluster: not found'),
};

/**
 * Finds the deployments that the caller may see in the clusters. An unavailable cluster is left out, and named in
 * the log and in the header Unavailable-Clusters.
 *
 * @throws PlatformError 403 if the caller has no permission in any cluster
 * @throws the error of the first failed cluster if no other cluster has a source
 */
export async function requireVisible(
  context: Context<Environment>,
  { clusters, caller, namespace }: { clusters: readonly Cluster[]; caller: Caller; namespace?: string | undefined },
): Promise<readonly Source[]> {
  const sources = availableSources(context, await visibleInEach(clusters, caller, namespace));
  if (sources.length === 0) throw mayNot(caller, listing(namespace));
  return sources;
}

/**
 * Returns the sources, and names the failed clusters in the log and in the header Unavailable-Clusters.
 *
 * @throws the error of the first failed cluster if no other cluster has a source
 */
export function availableSources<T>(context: Context<Environment>, { sources, failures }: Visible<T>): readonly T[] {
  const [failure] = failures;
  if (failure && sources.length === 0) throw failure.error;
  if (failure) reportUnavailable(context, failures);
  return sources;
}

/** Names the clusters that are left out. A header, because the kpanda API has no field for it. Cluster names need no quotes. */
function reportUnavailable(context: Context<Environment>, failures: readonly Failure[]): void {
  context.header(unavailableHeader, failures.map(({ cluster }) => cluster).join(', '));
  const described = failures.map(({ cluster, error }) => `cluster ${cluster}: ${toLoggedError(error).error}`);
  context.get('logFields').error = described.join('; ');
}

/** Answers with serialized JSON, in parts. The caller ensures that it matches the schema of the route. */
export async function answerJson(
  context: Context<Environment>,
  parts: readonly string[],
): Promise<Response & TypedResponse<never, 200, 'json'>> {
  const answer = await answerText(context, parts, { type: 'application/json', cacheControl: privateAnswer });
  return answer as Response & TypedResponse<never, 200, 'json'>;
}

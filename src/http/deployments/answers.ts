import type { Context, TypedResponse } from 'hono';
import type { Cluster, Clusters } from '../../clusters/cluster.ts';
import { type Failure, visibleInEach } from '../../clusters/visible.ts';
import type { Source } from '../../deployments/listing.ts';
import { describeError } from '../../kube/errors.ts';
import type { Caller } from '../../token/verify.ts';
import { answerText, privateAnswer } from '../common/cacheable.ts';
import type { Environment } from '../common/environment.ts';
import { PlatformError } from '../common/errors.ts';

/** Names the clusters that an answer over several had to leave out. */
export const unavailableHeader = 'Unavailable-Clusters';

/** @throws PlatformError 404 when there is none */
export function requireCluster(clusters: Clusters, name: string): Cluster {
  const cluster = clusters.get(name);
  if (!cluster) throw new PlatformError('notFound', 'cluster: there is no cluster of this name');
  return cluster;
}

/**
 * The clusters of these names, each once; all when none is named.
 *
 * @throws PlatformError 404 when there is no such one
 */
export function requireClusters(clusters: Clusters, names: string | readonly string[] | undefined): readonly Cluster[] {
  if (names === undefined) return clusters.all();
  return [...new Set([names].flat())].map((name) => requireCluster(clusters, name));
}

/**
 * Who may not list, or get, is told so: in words that are the same whether there is something or not.
 *
 * @param what for example `list deployments in any namespace`
 */
export function forbidden({ name }: Caller, what: string): PlatformError {
  return new PlatformError('permissionDenied', `user ${name} may not ${what}`);
}

/** For `forbidden`: where somebody wanted to list. */
export function listing(namespace?: string): string {
  return `list deployments in ${namespace === undefined ? 'any namespace' : `the namespace ${namespace}`}`;
}

/**
 * What the caller may see in the clusters. A cluster that cannot be asked is left out, and named in the log and in the
 * header Unavailable-Clusters; when no other can answer either, that is the answer.
 *
 * @throws PlatformError 403 when the caller has no right in any of them; what a cluster failed by when all else is refused
 */
export async function requireVisible(
  context: Context<Environment>,
  clusters: readonly Cluster[],
  caller: Caller,
  namespace?: string,
): Promise<readonly Source[]> {
  const { sources, failures } = await visibleInEach(clusters, caller, namespace);
  const [failure] = failures;
  if (failure && sources.length === 0) throw failure.error;
  if (sources.length === 0) throw forbidden(caller, listing(namespace));
  if (failure) tellUnavailable(context, failures);
  return sources;
}

/** There is no field for it in the kpanda API. Names of clusters need no quotes. */
function tellUnavailable(context: Context<Environment>, failures: readonly Failure[]): void {
  context.header(unavailableHeader, failures.map(({ cluster }) => cluster).join(', '));
  const described = failures.map(({ cluster, error }) => `cluster ${cluster}: ${describeError(error)}`);
  context.get('logFields').error = described.join('; ');
}

/** Answers with JSON that is written already. That it is what the route's schema says is up to the caller. */
export async function answerJson(
  context: Context<Environment>,
  text: string,
): Promise<Response & TypedResponse<never, 200, 'json'>> {
  const answer = await answerText(context, text, { type: 'application/json', cacheControl: privateAnswer });
  return answer as Response & TypedResponse<never, 200, 'json'>;
}

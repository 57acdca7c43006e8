import type { Logger } from 'pino';
import { createKubernetesClient } from '../kube/client.ts';
import type { Reflector } from '../kube/reflector.ts';
import type { Transport } from '../kube/transport.ts';
import { boundedTransport } from '../kube/transport-wrappers.ts';
import { type AccessMetrics, type Authorizer, createAuthorizer, type NamespacedReviews } from './authorizer.ts';
import { createCompleteRulesCheck } from './complete-rules.ts';
import { createRoleBindings } from './role-bindings.ts';
import type { NamespacesToCheck } from './visibility.ts';

/** Time limit of one review, milliseconds: a request waits for it. */
const reviewTimeoutMs = 3_000;

export interface ClusterAccessOptions {
  transport: Transport;
  log: Logger;
  /** Lifetime of a cached decision, seconds. */
  cacheSeconds: number;
  /** Maximum age of a decision that serves as the stale fallback, and of RoleBindings without a watch, seconds. */
  maxStaleSeconds: number;
  /** Whether a watch of the deployments is open. */
  isWatching: () => boolean;
  /**
   * Which namespaces are checked for a user who may not list all: those with a RoleBinding of the user, or `all`, which
   * needs no watch. `auto` means `all` if the cluster grants permissions outside of RBAC.
   */
  namespacesToCheck: 'auto' | 'roleBindings' | 'all';
  /** Default: no metrics. */
  metrics?: AccessMetrics;
  /** For an operator with permissions in single namespaces only. RoleBindings are not watched then. */
  namespaced?: NamespacedReviews | undefined;
}

/** Access decisions of one cluster. */
export interface ClusterAccess {
  readonly authorizer: Authorizer;
  /** The reflector of the RoleBindings, if used. Until it has synced, all namespaces are checked. */
  readonly reflectors: readonly Reflector[];
}

/** Creates the parts that decide about access in one cluster. Starts no reflector. */
export function createClusterAccess(options: ClusterAccessOptions): ClusterAccess {
  const { transport, log, namespacesToCheck: choice, ...rest } = options;
  const client = createKubernetesClient(boundedTransport(transport, reviewTimeoutMs));
  if (rest.namespaced || choice === 'all') {
    return { authorizer: createAuthorizer({ ...rest, client }), reflectors: [] };
  }
  const { reflector, namespacesOf } = createRoleBindings(transport, log, rest.maxStaleSeconds);
  const areRulesComplete = choice === 'auto' ? createCompleteRulesCheck(client) : async () => true;
  const namespacesToCheck: NamespacesToCheck = async (subject) =>
    (await areRulesComplete()) ? namespacesOf(subject) : undefined;
  return { authorizer: createAuthorizer({ ...rest, client, namespacesToCheck }), reflectors: [reflector] };
}

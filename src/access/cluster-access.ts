import type { Logger } from 'pino';
import { createKubernetesClient } from '../kube/client.ts';
import type { Reflector } from '../kube/reflector.ts';
import type { Transport } from '../kube/transport.ts';
import { boundedTransport } from '../kube/transport-wrappers.ts';
import { type AccessMetrics, type Authorizer, createAuthorizer, type NamespacedReviews } from './authorizer.ts';
import { createRoleBindings } from './role-bindings.ts';
import { createRuleResolution } from './rule-resolution.ts';
import type { Candidates } from './visibility.ts';

/** How long the cluster may take for a review that a request waits for, milliseconds. */
const reviewMs = 3_000;

export interface ClusterAccessOptions {
  transport: Transport;
  log: Logger;
  /** How long a decision holds, seconds. */
  cacheSeconds: number;
  /** How old a decision may be that stands in when the cluster cannot be asked, seconds. */
  maxStaleSeconds: number;
  /**
   * Which namespaces are asked about for who may not list all: those with a RoleBinding of the user, or all, and nothing
   * is watched for that; `auto` means all where the cluster has rights that are not in its RoleBindings.
   */
  candidates: 'auto' | 'roleBindings' | 'all';
  /** By default nobody is told. */
  metrics?: AccessMetrics;
  /** For an operator that has rights in single namespaces only; RoleBindings are not watched then. */
  namespaced?: NamespacedReviews | undefined;
}

/** Who may see what in one cluster. */
export interface ClusterAccess {
  readonly authorizer: Authorizer;
  /** That of the RoleBindings, if they count. Until it has synced, and where it may not, all namespaces are asked about. */
  readonly reflectors: readonly Reflector[];
}

/** Puts together what decides about the rights in one cluster; no reflector runs yet. */
export function createClusterAccess(options: ClusterAccessOptions): ClusterAccess {
  const { transport, log, candidates, ...deciding } = options;
  const client = createKubernetesClient(boundedTransport(transport, reviewMs));
  if (deciding.namespaced || candidates === 'all') {
    return { authorizer: createAuthorizer({ ...deciding, client }), reflectors: [] };
  }
  const { reflector, namespacesOf } = createRoleBindings(transport, log);
  const areRulesComplete = candidates === 'auto' ? createRuleResolution(client) : async () => true;
  const bound: Candidates = async (subject) => ((await areRulesComplete()) ? namespacesOf(subject) : undefined);
  return { authorizer: createAuthorizer({ ...deciding, client, candidates: bound }), reflectors: [reflector] };
}

import type { Logger } from 'pino';
import { type ClusterAccessOptions, createClusterAccess } from '../access/cluster-access.ts';
import { type Cluster, fixedClusters } from '../clusters/cluster.ts';
import { createClusterService } from '../clusters/service.ts';
import type { Configuration } from '../config/load.ts';
import type { KubernetesClient } from '../kube/client.ts';
import { createEventRecorder } from '../kube/events.ts';
import type { Transport } from '../kube/transport.ts';
import type { TransportMetrics } from '../kube/transport-wrappers.ts';
import type { createLocalCaches } from './local-caches.ts';

export interface ServedClustersOptions {
  configuration: Configuration;
  transport: Transport;
  client: KubernetesClient;
  localCaches: ReturnType<typeof createLocalCaches>;
  userAgent: string;
  /** Name of this process among the replicas. */
  instance: string;
  isLeader: () => boolean;
  metrics: { transport: TransportMetrics; access: NonNullable<ClusterAccessOptions['metrics']> };
  log: Logger;
}

/** Composes the clusters that the platform API serves: the local cluster and the registered clusters. */
export function createServedClusters(options: ServedClustersOptions) {
  const { configuration, transport, localCaches, metrics, log } = options;
  const { namespace, clusterName: name, watchNamespace } = configuration;
  const { candidates: namespacesToCheck, ...cacheTimes } = configuration.access;
  const accessOptions = { ...cacheTimes, namespacesToCheck, metrics: metrics.access };
  const { caches, deployments, deploymentsFreshness: freshness } = localCaches;
  const { authorizer, reflectors: accessReflectors } = createClusterAccess({
    ...accessOptions,
    transport,
    log,
    isWatching: () => freshness().watching,
    namespaced: watchNamespace === undefined ? undefined : { watchNamespace, namespace },
  });
  const localCluster: Cluster = {
    name,
    deployments,
    freshness,
    maxStaleSeconds: configuration.access.maxStaleSeconds,
    authorizer,
    namespaces: () => [...caches.namespaces.values()].map(({ key }) => key),
  };
  const recorder = createEventRecorder(options.client, options.instance, log);
  const registeredClusters = configuration.clusters.enabled
    ? createClusterService({
        log,
        transport,
        namespace,
        localCluster,
        access: accessOptions,
        metrics: metrics.transport,
        userAgent: options.userAgent,
        recorder: () => (options.isLeader() ? recorder : undefined),
      })
    : undefined;
  const registry = registeredClusters?.registry;
  /** Of the local cluster. */
  const reflectors = [...localCaches.reflectors, ...accessReflectors];
  return {
    clusters: registry ?? fixedClusters([localCluster]),
    authorizer,
    reflectors,
    registeredClusters,
    /** For metrics. */
    measured: {
      caches: () => [...reflectors.map((one) => ({ ...one, cluster: name })), ...(registry?.caches() ?? [])],
      reports: () => registry?.reports() ?? [],
      up: () => registry?.up() ?? new Map<string, boolean>(),
    },
  };
}

import type { Logger } from 'pino';
import { type ClusterAccessOptions, createClusterAccess } from '../access/cluster-access.ts';
import { type Cluster, fixedClusters } from '../clusters/cluster.ts';
import { createClusterService } from '../clusters/service.ts';
import type { Configuration } from '../config/load.ts';
import type { KubernetesClient } from '../kube/client.ts';
import { createEventRecorder } from '../kube/events.ts';
import type { Transport } from '../kube/transport.ts';
import type { TransportMetrics } from '../kube/transport-wrappers.ts';
import type { createCaches } from './caches.ts';

export interface ServedClustersOptions {
  configuration: Configuration;
  transport: Transport;
  client: KubernetesClient;
  /** Of the cluster that the operator works for. */
  filled: ReturnType<typeof createCaches>;
  userAgent: string;
  /** Name of this process among the replicas. */
  instance: string;
  isLeader: () => boolean;
  metrics: { transport: TransportMetrics; access: NonNullable<ClusterAccessOptions['metrics']> };
  log: Logger;
}

/**
 * The clusters that the platform API answers for, the one that the operator works for and those that are registered: part
 * of the composition root.
 */
export function createServedClusters(options: ServedClustersOptions) {
  const { configuration, transport, filled, metrics, log } = options;
  const { namespace, clusterName: name, watchNamespace } = configuration;
  const rights = { ...configuration.access, metrics: metrics.access };
  const access = createClusterAccess({
    ...{ ...rights, transport, log },
    namespaced: watchNamespace === undefined ? undefined : { watchNamespace, namespace },
  });
  const { authorizer } = access;
  const { caches, deployments, freshness } = filled;
  const localCluster: Cluster = {
    ...{ name, deployments, freshness, maxStaleSeconds: rights.maxStaleSeconds, authorizer },
    namespaces: () => (watchNamespace ? [watchNamespace] : [...caches.namespaces.values()].map((one) => one.key)),
  };
  const recorder = createEventRecorder(options.client, options.instance, log);
  const registered = configuration.clusters.enabled
    ? createClusterService({
        ...{ log, transport, namespace, localCluster, access: rights, metrics: metrics.transport },
        userAgent: options.userAgent,
        recorder: () => (options.isLeader() ? recorder : undefined),
      })
    : undefined;
  /** Those of the cluster that the operator works for. */
  const reflectors = [...filled.reflectors, ...access.reflectors];
  return {
    clusters: registered?.registry ?? fixedClusters([localCluster]),
    ...{ authorizer, reflectors, registered },
    /** What is measured of them. */
    measured: {
      caches: () => [...reflectors.map((one) => ({ ...one, cluster: name })), ...(registered?.registry.caches() ?? [])],
      reports: () => registered?.registry.reports() ?? [],
      up: () => registered?.registry.up() ?? new Map<string, boolean>(),
    },
  };
}

import type { Logger } from 'pino';
import type { EventRecorder } from '../kube/events.ts';
import { clusterLabel } from '../kube/own-names.ts';
import { createReflector, type WatchCache } from '../kube/reflector.ts';
import { pathOf, resources } from '../kube/resource.ts';
import { createStore } from '../kube/store.ts';
import type { Transport } from '../kube/transport.ts';
import type { Cluster } from './cluster.ts';
import { type ConnectOptions, createConnect } from './connection.ts';
import { type Registration, toRegistration } from './registration.ts';
import { createRegistry, type Registry } from './registry.ts';
import { createReporter } from './reporter.ts';

export interface ClusterServiceOptions extends ConnectOptions {
  /** The operator's namespace: clusters can be registered only here. */
  namespace: string;
  localCluster: Cluster;
  /** Transport to the local cluster. */
  transport: Transport;
  /** Records Events on the Secrets; undefined if another replica leads. */
  recorder: () => EventRecorder | undefined;
  log: Logger;
}

/** Watches the registrations and keeps the registered clusters connected. */
export interface ClusterService {
  readonly registry: Registry;
  /** Of the registrations, for metrics. */
  readonly watchCache: WatchCache;
  /** Resolves when the registrations are known, whether or not the clusters respond. */
  readonly synced: Promise<void>;
  /** Runs until the signal aborts, then closes all connections. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

/** Creates the service without starting it. */
export function createClusterService(options: ClusterServiceOptions): ClusterService {
  const { namespace, localCluster, transport, recorder, log } = options;
  const store = createStore<Registration>({});
  const registry = createRegistry({ localCluster, store, connect: createConnect(options) });
  const reporter = createReporter({ reports: registry.reports, recorder, log });
  const reflector = createReflector({
    transport,
    target: { path: pathOf({ ...resources.secrets, namespace }), labelSelector: clusterLabel },
    store,
    transform: toRegistration,
    log,
    cache: 'cluster-registration',
  });
  return {
    registry,
    watchCache: reflector,
    synced: reflector.synced,
    async run(signal) {
      await Promise.all([reflector.run(signal), reporter.run(signal)]);
      await registry.close();
    },
  };
}

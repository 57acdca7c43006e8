import type { Logger } from 'pino';
import type { EventRecorder } from '../kube/events.ts';
import { createReflector } from '../kube/reflector.ts';
import { pathOf, resources } from '../kube/resource.ts';
import { createStore } from '../kube/store.ts';
import type { Transport } from '../kube/transport.ts';
import type { Cluster } from './cluster.ts';
import { createTelling } from './cluster-events.ts';
import { type ConnectOptions, createConnect } from './connection.ts';
import { clusterLabel, type Registration, toRegistration } from './registration.ts';
import { createRegistry, type Registry } from './registry.ts';

export interface ClusterServiceOptions extends ConnectOptions {
  /** Of the operator: the only one where a cluster can be registered. */
  namespace: string;
  home: Cluster;
  /** Of the cluster that the operator works for. */
  transport: Transport;
  /** Sends Events about the Secrets; undefined while another replica does. */
  recorder: () => EventRecorder | undefined;
  log: Logger;
}

/** The registered clusters of a process, followed as long as it runs. */
export interface ClusterService {
  readonly registry: Registry;
  /** Resolves when it is known which clusters are registered; whether they answer does not matter. */
  readonly synced: Promise<void>;
  /** Runs until the signal aborts, and closes all connections then. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

/** Connects the parts of the registration; nothing runs yet. */
export function createClusterService(options: ClusterServiceOptions): ClusterService {
  const { namespace, home, transport, recorder, log } = options;
  const store = createStore<Registration>({});
  const registry = createRegistry({ home, store, connect: createConnect(options) });
  const telling = createTelling({ reports: registry.reports, recorder, log });
  const reflector = createReflector({
    transport,
    target: { path: pathOf({ ...resources.secrets, namespace }), labelSelector: clusterLabel },
    store,
    transform: toRegistration,
    log,
  });
  return {
    registry,
    synced: reflector.synced,
    async run(signal) {
      await Promise.all([reflector.run(signal), telling.run(signal)]);
      await registry.close();
    },
  };
}

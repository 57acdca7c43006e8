import type { KubeConfig } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import { type ClusterAccessOptions, createClusterAccess } from '../access/cluster-access.ts';
import { createDeploymentTransform } from '../deployments/record.ts';
import { createDeploymentStore, type DeploymentStore } from '../deployments/store.ts';
import { describeError } from '../kube/errors.ts';
import type { Freshness } from '../kube/freshness.ts';
import { createReflector, type Reflector, type WatchCache } from '../kube/reflector.ts';
import { pathOf, resources } from '../kube/resource.ts';
import { createStore, type Store, type Stored } from '../kube/store.ts';
import { pause } from '../kube/time.ts';
import { createTransport, type Transport } from '../kube/transport.ts';
import { measuredTransport, pacedTransport, type TransportMetrics } from '../kube/transport-wrappers.ts';
import type { Cluster } from './cluster.ts';
import { forForeignSubjects } from './foreign-subject.ts';

const reviewRetryMs = 5_000;
/** How long a new connection, or a connection without a watch, does not count as unavailable, milliseconds. */
const gracePeriodMs = 10_000;
/** Maximum size of a list, bytes, about 50,000 deployments, so that a registered cluster cannot exhaust memory. */
const maxListBytes = 256 * 1024 * 1024;
/** Subject of the review that checks whether reviews are permitted; its result is ignored. */
const anonymous = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

export type ConnectionState = 'connecting' | 'available' | 'unavailable';

/** A connection to a registered cluster with one kubeconfig, and its cached data. */
export interface Connection {
  readonly cluster: Cluster;
  /** The watch caches of the cluster. */
  readonly caches: readonly WatchCache[];
  /** Resolves when the caches have synced and the cluster has answered a review. Meaningless after `close`. */
  readonly works: Promise<void>;
  state(): ConnectionState;
  /** Returns the HTTP status of the last response; undefined if the last request had no response. */
  lastStatus(): string | undefined;
  /** Ends the watches and closes the connections. Requests in flight fail. */
  close(): Promise<void>;
}

/** Connects to a cluster. */
export type Connect = (name: string, kubeconfig: KubeConfig) => Connection;

export interface ConnectOptions {
  userAgent: string;
  access: Omit<ClusterAccessOptions, 'transport' | 'log' | 'namespaced' | 'isWatching'>;
  metrics: TransportMetrics;
  log: Logger;
}

/** Creates `connect`. Each cluster has its own connections, caches and decisions, to isolate failures. */
export function createConnect(options: ConnectOptions): Connect {
  return (name, kubeconfig) => {
    const log = options.log.child({ cluster: name });
    const stop = new AbortController();
    const { transport, lastStatus } = openTransport(kubeconfig, options, stop.signal);
    const deployments = createDeploymentStore();
    const namespaces = createStore<Stored>({});
    const required = createReflectors({ name, transport, deployments, namespaces, log });
    const { freshness } = required[0];
    const isWatching = () => freshness().watching;
    const { authorizer, reflectors } = createClusterAccess({ ...options.access, transport, log, isWatching });
    const caches = [...required, ...reflectors];
    const running = caches.map((reflector) => reflector.run(stop.signal));
    const works = Promise.all(required.map(({ synced }) => synced)).then(() =>
      untilReviewed(authorizer, log, stop.signal),
    );
    return {
      cluster: {
        name,
        deployments,
        maxStaleSeconds: options.access.maxStaleSeconds,
        freshness,
        authorizer: forForeignSubjects(authorizer),
        namespaces: () => [...namespaces.values()].map(({ key }) => key),
      },
      caches,
      works,
      lastStatus,
      state: createState(required, works),
      async close() {
        stop.abort();
        await Promise.all([transport.close(), ...running]);
      },
    };
  };
}

/** @param signal ends the recording of statuses and metrics: an aborted request says nothing about the cluster */
function openTransport(kubeconfig: KubeConfig, { userAgent, metrics }: ConnectOptions, signal: AbortSignal) {
  let lastStatus: string | undefined;
  const transport = createTransport(() => kubeconfig, userAgent);
  const measured = measuredTransport(transport, {
    ...metrics,
    requested(request) {
      if (signal.aborted) return;
      lastStatus = request.code === '<error>' ? undefined : request.code;
      metrics.requested(request);
    },
  });
  return { transport: pacedTransport(measured), lastStatus: () => lastStatus };
}

interface ReflectorOptions {
  name: string;
  transport: Transport;
  deployments: DeploymentStore;
  namespaces: Store<Stored>;
  log: Logger;
}

/** @returns the reflectors of deployments and namespaces */
function createReflectors({ name, transport, deployments, namespaces, log }: ReflectorOptions): [Reflector, Reflector] {
  const ofDeployments = createReflector({
    transport,
    log,
    store: deployments,
    transform: createDeploymentTransform(name),
    target: { path: pathOf(resources.deployments), maxBytes: maxListBytes },
  });
  const ofNamespaces = createReflector({
    transport,
    log,
    store: namespaces,
    target: { path: pathOf(resources.namespaces), metadataOnly: true, maxBytes: maxListBytes },
    transform: ({ metadata }) => ({ key: metadata.name, resourceVersion: metadata.resourceVersion }),
  });
  return [ofDeployments, ofNamespaces];
}

/** Retries until the cluster answers a review. Without that permission nothing could be shown to anyone. */
async function untilReviewed(authorizer: Cluster['authorizer'], log: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await authorizer.mayListDeployments(anonymous);
      return;
    } catch (error) {
      if (!signal.aborted) log.warn({ reason: describeError(error) }, 'SubjectAccessReview failed');
    }
    await pause(reviewRetryMs, signal);
  }
}

function createState(reflectors: readonly Reflector[], whenWorks: Promise<void>): () => ConnectionState {
  const startedAt = performance.now();
  let works = false;
  whenWorks.then(() => {
    works = true;
  });
  return () =>
    connectionState({
      works,
      ageMs: performance.now() - startedAt,
      caches: reflectors.map(({ freshness }) => freshness()),
    });
}

export interface ObservedConnection {
  /** Whether the caches have synced and the cluster has answered a review. */
  readonly works: boolean;
  /** Time since the connection was created, milliseconds. */
  readonly ageMs: number;
  /** The freshness of each cache. */
  readonly caches: readonly Freshness[];
}

/** Watches end every few minutes and are reopened, so a closed watch counts as unavailable only after a grace period. */
export function connectionState({ works, ageMs, caches }: ObservedConnection): ConnectionState {
  if (!works) return ageMs < gracePeriodMs ? 'connecting' : 'unavailable';
  const isAlive = ({ watching, ageSeconds }: Freshness) => watching || ageSeconds * 1000 < gracePeriodMs;
  return caches.every(isAlive) ? 'available' : 'unavailable';
}

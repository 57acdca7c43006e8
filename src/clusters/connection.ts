import type { KubeConfig } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import { type ClusterAccessOptions, createClusterAccess } from '../access/cluster-access.ts';
import { createDeploymentTransform } from '../deployments/record.ts';
import { createDeploymentStore, type DeploymentStore } from '../deployments/store.ts';
import { pause } from '../kube/abort.ts';
import { describeError } from '../kube/errors.ts';
import { createReflector, type Reflector } from '../kube/reflector.ts';
import { pathOf, resources } from '../kube/resource.ts';
import { createStore, type Store, type Stored } from '../kube/store.ts';
import { createTransport, type Transport } from '../kube/transport.ts';
import { measuredTransport, type TransportMetrics } from '../kube/transport-wrappers.ts';
import type { Cluster } from './cluster.ts';
import { type ConnectionState, connectionState } from './connection-state.ts';
import { forForeignSubjects } from './foreign-subject.ts';

const reviewRetryMs = 5_000;
/** The most that a list of a registered cluster may be, bytes: some 50,000 deployments. It must not fill our memory. */
const maxListBytes = 256 * 1024 * 1024;
/** Who is asked about to see whether reviews are allowed; the answer does not matter. */
const nobody = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/** The way into a registered cluster with one kubeconfig, and what is known of it by that. */
export interface Connection {
  readonly cluster: Cluster;
  /** Its watch caches. */
  readonly caches: readonly Pick<Reflector, 'resource' | 'freshness'>[];
  /** Resolves when the caches are filled and the cluster has answered a review. Says nothing after `close`. */
  readonly works: Promise<void>;
  state(): ConnectionState;
  /** HTTP status of its last answer; undefined when no answer came. */
  lastStatus(): string | undefined;
  /** Ends the watches and closes the connections. What is under way fails. */
  close(): Promise<void>;
}

/** Opens the way into a cluster. */
export type Connect = (name: string, kubeconfig: KubeConfig) => Connection;

export interface ConnectOptions {
  userAgent: string;
  /** How rights are asked for, and for how long it does without the cluster. */
  access: Omit<ClusterAccessOptions, 'transport' | 'log' | 'namespaced'>;
  metrics: TransportMetrics;
  log: Logger;
}

/** Each cluster has its own connections, caches and decisions, so that one that fails cannot fail another. */
export function createConnect(options: ConnectOptions): Connect {
  return (name, kubeconfig) => {
    const log = options.log.child({ cluster: name });
    const stop = new AbortController();
    const { transport, lastStatus } = openTransport(kubeconfig, options, stop.signal);
    const deployments = createDeploymentStore();
    const namespaces = createStore<Stored>({});
    const { authorizer, reflectors } = createClusterAccess({ ...options.access, transport, log });
    const needed = createReflectors({ name, transport, deployments, namespaces, log });
    const caches = [...needed, ...reflectors];
    const running = caches.map((reflector) => reflector.run(stop.signal));
    const works = Promise.all(needed.map(({ synced }) => synced)).then(() =>
      untilReviewed(authorizer, log, stop.signal),
    );
    const { maxStaleSeconds } = options.access;
    return {
      cluster: {
        ...{ name, deployments, maxStaleSeconds, freshness: needed[0].freshness },
        authorizer: forForeignSubjects(authorizer),
        namespaces: () => [...namespaces.values()].map(({ key }) => key),
      },
      ...{ caches, works, lastStatus, state: createState(needed, works) },
      async close() {
        stop.abort();
        await Promise.all([transport.close(), ...running]);
      },
    };
  };
}

/** @param signal when it aborts, nothing is told any more: what was given up says nothing about the cluster */
function openTransport(kubeconfig: KubeConfig, { userAgent, metrics }: ConnectOptions, signal: AbortSignal) {
  let lastStatus: string | undefined;
  const transport = createTransport(() => kubeconfig, userAgent);
  const measured = measuredTransport(transport, {
    requested(request) {
      if (signal.aborted) return;
      lastStatus = request.code === '<error>' ? undefined : request.code;
      metrics.requested(request);
    },
  });
  return { transport: measured, lastStatus: () => lastStatus };
}

interface ReflectorParts {
  name: string;
  transport: Transport;
  deployments: DeploymentStore;
  namespaces: Store<Stored>;
  log: Logger;
}

/** @returns those of the deployments and of the namespaces */
function createReflectors({ name, transport, deployments, namespaces, log }: ReflectorParts): [Reflector, Reflector] {
  const ofDeployments = createReflector({
    ...{ transport, log, store: deployments, transform: createDeploymentTransform(name) },
    target: { path: pathOf(resources.deployments), maxBytes: maxListBytes },
  });
  const ofNamespaces = createReflector({
    ...{ transport, log, store: namespaces },
    target: { path: pathOf(resources.namespaces), metadataOnly: true, maxBytes: maxListBytes },
    transform: ({ metadata }) => ({ key: metadata.name, resourceVersion: metadata.resourceVersion }),
  });
  return [ofDeployments, ofNamespaces];
}

/** Tries until the cluster answers a review: without that right nobody could be shown anything. */
async function untilReviewed(authorizer: Cluster['authorizer'], log: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await authorizer.mayListDeployments(nobody);
      return;
    } catch (error) {
      if (!signal.aborted) log.warn({ reason: describeError(error) }, 'the cluster answers no SubjectAccessReview');
    }
    await pause(reviewRetryMs, signal);
  }
}

function createState(reflectors: readonly Reflector[], whenWorks: Promise<void>): () => ConnectionState {
  const begunAt = performance.now();
  let works = false;
  whenWorks.then(() => {
    works = true;
  });
  return () =>
    connectionState({
      works,
      ageMs: performance.now() - begunAt,
      caches: reflectors.map(({ freshness }) => freshness()),
    });
}

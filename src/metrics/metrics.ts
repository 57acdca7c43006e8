import { collectDefaultMetrics, Registry } from 'prom-client';
import type { AccessMetrics } from '../access/authorizer.ts';
import type { HttpMetrics, TokenMetrics } from '../http/common/dependencies.ts';
import type { TransportMetrics } from '../kube/transport-wrappers.ts';
import type { WorkQueueMetrics } from '../kube/work-queue.ts';
import {
  type Candidate,
  type CountedAccessKey,
  collectAccessKeys,
  collectCaches,
  collectCertificate,
  collectClusters,
  collectGuardrails,
  collectLeadership,
  collectReadiness,
  type MeasuredCache,
  type MeasuredClusters,
} from './collectors.ts';
import { collectKeyPairs, type MeasuredPair } from './key-pairs.ts';
import { createAccessMetrics, createHttpMetrics, createTokenMetrics, createTransportMetrics } from './requests.ts';
import { collectRotationPeriod, collectSigningKeys, type MeasuredKeys } from './signing-keys.ts';
import { createWorkQueueMetrics } from './work-queue.ts';

/** What the gauges are read from at each scrape. */
export interface MetricSources {
  /** Default: none. */
  accessKeys?: () => Iterable<CountedAccessKey>;
  /** Whether the ConfigMap of the guardrails is malformed. Default: false. */
  areGuardrailsMalformed?: () => boolean;
  /** The key pairs that can get tokens. If unset, there are no metrics of each pair. */
  keyPairs?: () => Iterable<MeasuredPair>;
  /** The leader election that this process takes part in. Default: none. */
  leaderElection?: Candidate;
  /** Whether this process is ready. Default: false. */
  isReady?: () => boolean;
  /** notAfter of the serving certificate, seconds since the epoch. If unset, there is no such metric. */
  certificateExpiry?: () => number;
  /** The watch caches. Default: none. */
  caches?: () => Iterable<MeasuredCache>;
  /** Default: none. */
  signingKeys?: MeasuredKeys;
  /** token.signingKeys.rotationDays. If unset or 0, there is no metric of the rotation period. */
  rotationDays?: number;
  /** The registered clusters. Default: none. */
  clusters?: MeasuredClusters;
}

const noKeys: MeasuredKeys = { facts: () => [], isBroken: () => false };
const noClusters: MeasuredClusters = { reports: () => [], up: () => new Map() };

/** The metrics of a process, in Prometheus' text format. */
export interface Metrics {
  /** @param name controller that the queue serves, for the label */
  workQueue(name: string): WorkQueueMetrics;
  readonly transport: TransportMetrics;
  readonly token: TokenMetrics;
  readonly access: AccessMetrics;
  readonly http: HttpMetrics;
  /** Adds the gauges that are read from the components at each scrape. To be called once. */
  collect(sources: MetricSources): void;
  /** For the reference in docs/metrics.md. */
  readonly register: Pick<Registry, 'getMetricsAsArray'>;
  /** Media type of the exposition. */
  readonly contentType: string;
  /**
   * All metrics in Prometheus' text format.
   *
   * @throws whatever a source throws
   */
  exposition(): Promise<string>;
}

/**
 * Creates metrics in their own registry, including those of the process (prom-client's defaults).
 *
 * Names are those of controller-runtime and client-go where they have one. No label contains an ak or a user, and only
 * those of key-pairs.ts contain a namespace: there would be too many series, and they would be disclosed to every reader
 * of the metrics.
 */
export function createMetrics(): Metrics {
  const register = new Registry();
  collectDefaultMetrics({ register });
  return {
    workQueue: createWorkQueueMetrics(register),
    transport: createTransportMetrics(register),
    token: createTokenMetrics(register),
    access: createAccessMetrics(register),
    http: createHttpMetrics(register),
    collect(sources) {
      collectAccessKeys(register, sources.accessKeys ?? (() => []));
      collectGuardrails(register, sources.areGuardrailsMalformed ?? (() => false));
      if (sources.keyPairs) collectKeyPairs(register, sources.keyPairs);
      collectLeadership(register, sources.leaderElection);
      collectReadiness(register, sources.isReady ?? (() => false));
      if (sources.certificateExpiry) collectCertificate(register, sources.certificateExpiry);
      collectCaches(register, sources.caches ?? (() => []));
      collectSigningKeys(register, sources.signingKeys ?? noKeys);
      if (sources.rotationDays) collectRotationPeriod(register, sources.rotationDays);
      collectClusters(register, sources.clusters ?? noClusters);
    },
    register,
    contentType: register.contentType,
    exposition: () => register.metrics(),
  };
}

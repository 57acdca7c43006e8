import { collectDefaultMetrics, Registry } from 'prom-client';
import type { AccessMetrics } from '../access/authorizer.ts';
import type { HttpMetrics, TokenMetrics } from '../http/common/environment.ts';
import type { TransportMetrics } from '../kube/transport-wrappers.ts';
import type { WorkQueueMetrics } from '../kube/work-queue.ts';
import { collectCaches, type MeasuredCache } from './caches.ts';
import { collectClusters, type MeasuredClusters } from './clusters.ts';
import {
  type Candidate,
  type CountedAccessKey,
  collectAccessKeys,
  collectCertificate,
  collectLeadership,
  collectReadiness,
} from './collectors.ts';
import { createHttpMetrics } from './http.ts';
import { createAccessMetrics, createTokenMetrics } from './platform.ts';
import { collectSigningKeys, type MeasuredKeys } from './signing-keys.ts';
import { createTransportMetrics } from './transport.ts';
import { createWorkQueueMetrics } from './work-queue.ts';

export interface MetricsOptions {
  /** The AccessKeys that there are; asked at each scrape. Default: none. */
  accessKeys?: () => Iterable<CountedAccessKey>;
  /** The leader election that this process is in; asked at each scrape. Default: none. */
  leaderElection?: Candidate;
  /** Whether this process is ready; asked at each scrape. Default: it is not. */
  isReady?: () => boolean;
  /** notAfter of the certificate that is served, seconds since the epoch; asked at each scrape. Default: no metric. */
  certificateExpiry?: () => number;
  /** The watch caches; asked at each scrape. Default: none. */
  caches?: () => Iterable<MeasuredCache>;
  /** The signing keys; asked at each scrape. Default: none. */
  signingKeys?: MeasuredKeys;
  /** The registered clusters; asked at each scrape. Default: none. */
  clusters?: MeasuredClusters;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

const noKeys: MeasuredKeys = { facts: () => [], isBroken: () => false };
const noClusters: MeasuredClusters = { reports: () => [], up: () => new Map() };

/** What the parts tell their measurements to, and the text that Prometheus reads. */
export interface Metrics {
  /** @param name of the controller that the queue serves, for the label */
  workQueue(name: string): WorkQueueMetrics;
  readonly transport: TransportMetrics;
  readonly token: TokenMetrics;
  readonly access: AccessMetrics;
  readonly http: HttpMetrics;
  /** For the reference in docs/metrics.md. */
  readonly register: Pick<Registry, 'getMetricsAsArray'>;
  /** Media type of the exposition. */
  readonly contentType: string;
  /**
   * All metrics in Prometheus' text format.
   *
   * @throws whatever a function of the options throws
   */
  exposition(): Promise<string>;
}

/**
 * Makes metrics in a registry of their own, those of the process included (prom-client's defaults).
 *
 * Names are those of controller-runtime and client-go where they have one. No label holds an ak, a user or a namespace:
 * they would be too many, and they are nobody's business.
 */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const { accessKeys = () => [], leaderElection, certificateExpiry, caches = () => [] } = options;
  const { signingKeys = noKeys, clusters = noClusters, now = Date.now } = options;
  const register = new Registry();
  collectDefaultMetrics({ register });
  collectAccessKeys(register, accessKeys);
  collectLeadership(register, leaderElection);
  collectReadiness(register, options.isReady ?? (() => false));
  if (certificateExpiry) collectCertificate(register, certificateExpiry);
  collectCaches(register, caches);
  collectSigningKeys(register, signingKeys, now);
  collectClusters(register, clusters);
  return {
    workQueue: createWorkQueueMetrics(register),
    transport: createTransportMetrics(register),
    token: createTokenMetrics(register),
    access: createAccessMetrics(register),
    http: createHttpMetrics(register),
    register,
    contentType: register.contentType,
    exposition: () => register.metrics(),
  };
}

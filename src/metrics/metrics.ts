import { collectDefaultMetrics, Registry } from 'prom-client';
import type { AccessMetrics } from '../access/authorizer.ts';
import type { TransportMetrics } from '../kube/transport-wrappers.ts';
import type { WorkQueueMetrics } from '../kube/work-queue-metrics.ts';
import type { TokenMetrics } from '../token/token-metrics.ts';
import {
  type Candidate,
  type CountedAccessKey,
  collectAccessKeys,
  collectCertificate,
  collectLeadership,
} from './collected.ts';
import { createAccessMetrics, createTokenMetrics } from './platform.ts';
import { createTransportMetrics } from './transport.ts';
import { createWorkQueueMetrics } from './work-queue.ts';

export interface MetricsOptions {
  /** The AccessKeys that there are; asked at each scrape. Default: none. */
  accessKeys?: () => Iterable<CountedAccessKey>;
  /** The leader election that this process is in; asked at each scrape. Default: none. */
  leaderElection?: Candidate;
  /** notAfter of the certificate that is served, seconds since the epoch; asked at each scrape. Default: no metric. */
  certificateExpiry?: () => number;
}

/** What the parts tell their measurements to, and the text that Prometheus reads. */
export interface Metrics {
  /** @param name of the controller that the queue serves, for the label */
  workQueue(name: string): WorkQueueMetrics;
  readonly transport: TransportMetrics;
  readonly token: TokenMetrics;
  readonly access: AccessMetrics;
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
  const { accessKeys = () => [], leaderElection, certificateExpiry } = options;
  const register = new Registry();
  collectDefaultMetrics({ register });
  collectAccessKeys(register, accessKeys);
  collectLeadership(register, leaderElection);
  if (certificateExpiry) collectCertificate(register, certificateExpiry);
  return {
    workQueue: createWorkQueueMetrics(register),
    transport: createTransportMetrics(register),
    token: createTokenMetrics(register),
    access: createAccessMetrics(register),
    contentType: register.contentType,
    exposition: () => register.metrics(),
  };
}

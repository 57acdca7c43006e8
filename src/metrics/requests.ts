import { Counter, Histogram, type Registry } from 'prom-client';
import type { AccessMetrics } from '../access/authorizer.ts';
import type { HttpMetrics, TokenMetrics } from '../http/common/dependencies.ts';
import type { TransportMetrics } from '../kube/transport-wrappers.ts';

/** From a cached token to a listing that reviews access to many namespaces, seconds. */
const httpBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** RSA signatures take about a millisecond, and longer when many wait for the thread pool; seconds. */
const signBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];
const reviewBuckets = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
/** As in the Kubernetes components (k8s.io/component-base, metrics/prometheus/restclient), seconds. */
const transportBuckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

/**
 * Metrics of requests to the platform API. Routes are patterns, so that paths and the names in them create no series.
 */
export function createHttpMetrics(register: Registry): HttpMetrics {
  const duration = new Histogram({
    registers: [register],
    labelNames: ['route', 'code'] as const,
    buckets: httpBuckets,
    name: 'accesskey_http_request_duration_seconds',
    help: 'Duration of requests to the platform API, by route pattern (/* if none matches) and status',
  });
  return {
    completed: ({ route, status, seconds }) => duration.observe({ route, code: status }, seconds),
  };
}

/** Metrics of tokens. Every result has a series from the start, so that its rate is 0 and not absent. */
export function createTokenMetrics(register: Registry): TokenMetrics {
  const requests = new Counter({
    registers: [register],
    labelNames: ['result'] as const,
    name: 'accesskey_token_requests_total',
    help: 'Token requests: granted, refused (the key pair is not valid), invalid (a parameter is invalid)',
  });
  const sign = new Histogram({
    registers: [register],
    buckets: signBuckets,
    name: 'accesskey_token_sign_duration_seconds',
    help: 'Duration of signing a token',
  });
  for (const result of ['granted', 'refused', 'invalid']) requests.inc({ result }, 0);
  return {
    requested: (result) => requests.inc({ result }),
    signed: (seconds) => sign.observe(seconds),
  };
}

/** Metrics of access reviews; cached decisions do not count. */
export function createAccessMetrics(register: Registry): AccessMetrics {
  const reviews = new Counter({
    registers: [register],
    labelNames: ['result'] as const,
    name: 'accesskey_access_reviews_total',
    help: 'SubjectAccessReviews: allowed, denied, error (no valid response)',
  });
  const staleDecisions = new Counter({
    registers: [register],
    name: 'accesskey_access_stale_decisions_total',
    help: 'Stale access decisions that were used because a review failed',
  });
  const perListing = new Histogram({
    registers: [register],
    buckets: reviewBuckets,
    name: 'accesskey_access_reviews_per_listing',
    help: 'SubjectAccessReviews per listing of deployments',
  });
  for (const result of ['allowed', 'denied', 'error']) reviews.inc({ result }, 0);
  return {
    reviewed: (result) => reviews.inc({ result }),
    usedStaleDecision: () => staleDecisions.inc(),
    listed: (count) => perListing.observe(count),
  };
}

/**
 * Metrics of requests to API servers, named as in client-go. The series of a host are removed with its last transport, so
 * that registering and removing clusters does not add series for ever.
 */
export function createTransportMetrics(register: Registry): TransportMetrics {
  const requests = new Counter({
    registers: [register],
    labelNames: ['code', 'method', 'host'] as const,
    name: 'rest_client_requests_total',
    help: 'Requests to the API server, by status, method and host; <error> without a response',
  });
  const duration = new Histogram({
    registers: [register],
    labelNames: ['verb', 'host'] as const,
    buckets: transportBuckets,
    name: 'rest_client_request_duration_seconds',
    help: 'Time until the headers of a response of the API server arrived',
  });
  const hosts = new Map<string, MeasuredHost>();

  function hostOf(host: string): MeasuredHost {
    const measured = hosts.get(host) ?? { transports: 0, series: new Map() };
    hosts.set(host, measured);
    return measured;
  }

  return {
    opened(host) {
      hostOf(host).transports += 1;
    },
    requested({ method, host, code, seconds }) {
      requests.inc({ code, method, host });
      duration.observe({ verb: method, host }, seconds);
      hostOf(host).series.set(`${method} ${code}`, { method, code });
    },
    closed(host) {
      const measured = hostOf(host);
      measured.transports -= 1;
      if (measured.transports > 0) return;
      hosts.delete(host);
      for (const { method, code } of measured.series.values()) {
        requests.remove({ code, method, host });
        duration.remove({ verb: method, host });
      }
    },
  };
}

/** The API servers behind a proxy have one host, and so have two connections to a cluster while its kubeconfig changes. */
interface MeasuredHost {
  transports: number;
  /** The labels of its series. */
  readonly series: Map<string, { method: string; code: string }>;
}

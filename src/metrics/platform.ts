import { Counter, Histogram, type Registry } from 'prom-client';
import type { AccessMetrics } from '../access/authorizer.ts';
import type { TokenMetrics } from '../http/common/environment.ts';

/** RSA signatures take about a millisecond, and longer when many wait for the thread pool; seconds. */
const signBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

const reviewBuckets = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

/** Metrics of tokens. Every result is there from the start, so that its rate is 0 and not absent. */
export function createTokenMetrics(register: Registry): TokenMetrics {
  const registers = [register];
  const requests = new Counter({
    ...{ registers, labelNames: ['result'] as const },
    name: 'accesskey_token_requests_total',
    help: 'Requests for a token: granted, refused (the pair is not valid), invalid (a parameter is wrong)',
  });
  const sign = new Histogram({
    ...{ registers, buckets: signBuckets },
    name: 'accesskey_token_sign_duration_seconds',
    help: 'How long the signing of a token took',
  });
  for (const result of ['granted', 'refused', 'invalid']) requests.inc({ result }, 0);
  return {
    requested: (result) => requests.inc({ result }),
    signed: (seconds) => sign.observe(seconds),
  };
}

/** Metrics of access decisions that the cluster was asked for; remembered ones do not count. */
export function createAccessMetrics(register: Registry): AccessMetrics {
  const reviews = new Counter({
    ...{ registers: [register], labelNames: ['result'] as const },
    name: 'accesskey_access_reviews_total',
    help: 'SubjectAccessReviews: allowed, denied, error (the cluster could not be asked)',
  });
  const staleDecisions = new Counter({
    registers: [register],
    name: 'accesskey_access_stale_decisions_total',
    help: 'Remembered decisions that stood in because the cluster could not be asked',
  });
  const perListing = new Histogram({
    ...{ registers: [register], buckets: reviewBuckets },
    name: 'accesskey_access_reviews_per_listing',
    help: 'SubjectAccessReviews that one listing of deployments caused',
  });
  for (const result of ['allowed', 'denied', 'error']) reviews.inc({ result }, 0);
  return {
    reviewed: (result) => reviews.inc({ result }),
    usedStaleDecision: () => staleDecisions.inc(),
    listed: (count) => perListing.observe(count),
  };
}

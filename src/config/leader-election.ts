import { z } from 'zod';
import { name } from './fields.ts';

/** client-go's JitterFactor: an attempt may be this much later than one period. */
const retryJitter = 1.2;

/** Defaults and rules are the same as in Kubernetes components (k8s.io/component-base, LeaderElectionConfiguration). */
export const leaderElection = z
  .strictObject({
    enabled: z.boolean().default(true).describe('If false, every replica reconciles; only for a single replica.'),
    leaseName: name.default('accesskey-operator').describe("Name of the Lease, in the operator's namespace."),
    leaseDurationSeconds: z
      .int()
      .min(1)
      .max(3600)
      .default(15)
      .describe('How long other replicas wait before they take over a Lease that is not renewed, seconds.'),
    renewDeadlineSeconds: z
      .int()
      .min(1)
      .max(3600)
      .default(10)
      .describe('How long the leader keeps leading without a successful renewal, seconds.'),
    retryPeriodSeconds: z
      .int()
      .min(1)
      .max(3600)
      .default(2)
      .describe('Time between renewals, and between attempts to acquire the Lease, seconds.'),
  })
  .prefault({})
  .refine((one) => one.renewDeadlineSeconds < one.leaseDurationSeconds, {
    path: ['renewDeadlineSeconds'],
    message: 'must be less than leaderElection.leaseDurationSeconds',
  })
  .refine((one) => one.retryPeriodSeconds * retryJitter < one.renewDeadlineSeconds, {
    path: ['retryPeriodSeconds'],
    message: `must be less than leaderElection.renewDeadlineSeconds / ${retryJitter}`,
  });

import { z } from 'zod';
import { name } from './fields.ts';

/** client-go's JitterFactor: an attempt may come so much later than after one period. */
const retryJitter = 1.2;

/** Defaults and rules are those of the Kubernetes components (k8s.io/component-base, LeaderElectionConfiguration). */
export const leaderElection = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Without it every replica reconciles: for one replica only.'),
    leaseName: name.default('accesskey-operator').describe("Name of the Lease, in the operator's namespace."),
    leaseDurationSeconds: z
      .int()
      .min(1)
      .max(3600)
      .default(15)
      .describe('For how long other replicas leave a Lease alone that is not renewed, seconds.'),
    renewDeadlineSeconds: z
      .int()
      .min(1)
      .max(3600)
      .default(10)
      .describe('For how long the leader goes on without a renewal, seconds.'),
    retryPeriodSeconds: z
      .int()
      .min(1)
      .max(3600)
      .default(2)
      .describe('Time between renewals, and between attempts to become the leader, seconds.'),
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

/**
 * The responses about clusters: messages of the kpanda API v0.49.0. Fields of `spec` and `status` that the operator does not
 * know are left out.
 */
import { z } from '@hono/zod-openapi';
import type { Cluster } from '../../clusters/cluster.ts';
import { ObjectMeta, projectMetadata } from '../../deployments/kpanda/pod-template.ts';
import { Pagination } from '../../deployments/kpanda/schema.ts';

export const clusterPhases = [
  'CLUSTER_PHASE_UNSPECIFIED',
  'Unknown',
  'Creating',
  'Running',
  'Updating',
  'Deleting',
  'Failed',
  'DeleteFailed',
] as const;

/** v1alpha1Cluster */
export const ClusterItem = z
  .strictObject({
    metadata: ObjectMeta,
    spec: z
      .strictObject({ aliasName: z.string().openapi({ description: 'Always empty.', example: '' }) })
      .openapi('ClusterSpec', { description: 'Desired state.' }),
    status: z
      .strictObject({
        phase: z.enum(clusterPhases).openapi({
          description: 'Running while the operator watches the cluster, Unknown otherwise. No other value is returned.',
          example: 'Running',
        }),
      })
      .openapi('ClusterStatus', { description: 'Observed state.' }),
  })
  .openapi('Cluster', { description: 'A cluster, in the format of the kpanda API.' });
export type ClusterItem = z.infer<typeof ClusterItem>;

/** v1alpha1ListClustersResponse */
export const ClusterList = z
  .strictObject({ items: z.array(ClusterItem), pagination: Pagination })
  .openapi('ClusterList', { description: 'One page of clusters.' });
export type ClusterList = z.infer<typeof ClusterList>;

/** Converts a cluster to the kpanda API. */
export function projectCluster({ name, freshness }: Pick<Cluster, 'name' | 'freshness'>): ClusterItem {
  return {
    metadata: projectMetadata({ name }, ''),
    spec: { aliasName: '' },
    status: { phase: freshness().watching ? 'Running' : 'Unknown' },
  };
}

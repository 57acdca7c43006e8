/** The parameters of the cluster routes: those of the kpanda API v0.49.0. None is ignored. */
import { z } from '@hono/zod-openapi';
import { type Page, paginate } from '../../deployments/page.ts';
import { oneOf, optionalText, unsupported } from '../common/parameters.ts';
import { pageFields, sortDir } from '../deployments/query.ts';
import { type ClusterItem, clusterPhases } from './schema.ts';

const unknownProperty = 'the operator does not know this property of clusters';
const noEffect = (reason: string) => oneOf(`Has no effect: ${reason}`, ['true', 'false']);
const excludeMetrics = noEffect('there are no metrics');

export const singleQuery = z.strictObject({ excludeMetrics });

export const clusterQuery = z.strictObject({
  ...pageFields,
  name: optionalText('Only the cluster with exactly this name', 'kpanda-global-cluster'),
  fuzzyName: optionalText('Only clusters whose name contains this text, ignoring case', 'global'),
  phase: oneOf('Only clusters in this phase; the first value means any phase', clusterPhases),
  sortBy: oneOf('Sort key; every value means the name', ['SORT_BY_UNSPECIFIED', 'field_name', 'cluster']),
  sortDir,
  role: oneOf('There are no roles to filter by; the only value means any role', ['CLUSTER_ROLE_UNSPECIFIED']),
  kubernetesVersion: unsupported(unknownProperty),
  labelSelector: unsupported(unknownProperty),
  fieldSelector: unsupported(unknownProperty),
  managedBy: unsupported(unknownProperty),
  excludeMetrics,
  showVirtualCluster: noEffect('there are no virtual clusters'),
  showShimCluster: noEffect('there are no shim clusters'),
});

/** @param clusters sorted by name */
export function listClusters(
  clusters: readonly ClusterItem[],
  { page, pageSize, name, fuzzyName, phase = 'CLUSTER_PHASE_UNSPECIFIED', ...order }: z.infer<typeof clusterQuery>,
): Page<ClusterItem> {
  const text = fuzzyName.toLowerCase();
  const isUnsorted = order.sortBy === undefined || order.sortBy === 'SORT_BY_UNSPECIFIED';
  const found = clusters.filter(
    ({ metadata, status }) =>
      (name === '' || metadata.name === name) &&
      metadata.name.toLowerCase().includes(text) &&
      (phase === 'CLUSTER_PHASE_UNSPECIFIED' || status.phase === phase),
  );
  const descending = !isUnsorted && order.sortDir !== 'asc';
  // Within one source, nothing is compared.
  return paginate([[found]], { compare: () => 0, descending }, { page, pageSize });
}

/**
 * The namespaces of the clusters: messages of the kpanda API v0.49.0. Only the names are returned: the permission to list
 * deployments in a namespace includes no permission to read the Namespace.
 */
import { z } from '@hono/zod-openapi';
import { ObjectMeta, projectMetadata } from '../../deployments/kpanda/pod-template.ts';
import { Pagination } from '../../deployments/kpanda/schema.ts';
import { type Page, paginate } from '../../deployments/page.ts';
import { compareText } from '../../kube/sorted-list.ts';
import { oneOf, optionalText, unsupported } from '../common/parameters.ts';
import { clusters, pageFields, sortDir } from '../deployments/query.ts';

/** v1alpha1Namespace */
export const NamespaceItem = z
  .strictObject({ metadata: ObjectMeta })
  .openapi('Namespace', { description: 'A namespace, in the format of the kpanda API: its name and cluster.' });
export type NamespaceItem = z.infer<typeof NamespaceItem>;

/** v1alpha1ListNamespacesResponse */
export const NamespaceList = z
  .strictObject({ items: z.array(NamespaceItem), pagination: Pagination })
  .openapi('NamespaceList', { description: 'One page of namespaces.' });
export type NamespaceList = z.infer<typeof NamespaceList>;

/** A namespace of a cluster. */
export interface NamespaceOf {
  readonly cluster: string;
  readonly name: string;
}

/** Namespaces that Kubernetes creates for itself. */
const systemNamespaces = new Set(['kube-system', 'kube-public', 'kube-node-lease']);
const unknownProperty = 'the operator does not know this property of namespaces';

const common = z.strictObject({
  ...pageFields,
  name: optionalText('Only namespaces with exactly this name', 'shop'),
  fuzzyName: optionalText('Only namespaces whose name contains this text, ignoring case', 'sho'),
  excludeSystem: oneOf('Whether to leave out kube-system, kube-public and kube-node-lease', ['true', 'false']),
  sortBy: oneOf('Sort key; if unset or the first value, the name', [
    'SORT_BY_UNSPECIFIED',
    'field_name',
    'namespace',
    'cluster',
  ]),
  sortDir,
  labelSelector: unsupported(unknownProperty),
  fieldSelector: unsupported(unknownProperty),
  workspaceId: unsupported('there are no workspaces'),
  workspaceAlias: unsupported('there are no workspaces'),
});

export const namespaceQuery = common.extend({
  phase: oneOf('There is no phase to filter by; the only value means any phase', ['NAMESPACE_PHASE_UNSPECIFIED']),
});

export const allNamespacesQuery = common.extend({
  cluster: clusters,
  onlyUnassign: oneOf('Has no effect: there are no workspaces to assign namespaces to', ['true', 'false']),
  showVirtualCluster: oneOf('Has no effect: there are no virtual clusters', ['true', 'false']),
  includeResourceQuota: oneOf('Resource quotas are never included', ['false']),
});

/** Filters, sorts and pages namespaces, which are in any order. */
export function listNamespaces(
  namespaces: readonly NamespaceOf[],
  { page, pageSize, name, fuzzyName, excludeSystem, sortBy, sortDir }: z.infer<typeof common>,
): Page<NamespaceItem> {
  const text = fuzzyName.toLowerCase();
  const found = namespaces.filter(
    (one) =>
      (name === '' || one.name === name) &&
      one.name.includes(text) &&
      !(excludeSystem === 'true' && systemNamespaces.has(one.name)),
  );
  const compare = sortBy === 'cluster' ? byCluster : byName;
  const descending = sortBy !== undefined && sortBy !== 'SORT_BY_UNSPECIFIED' && sortDir !== 'asc';
  const { items, pagination } = paginate([[found.sort(compare)]], { compare, descending }, { page, pageSize });
  return { items: items.map(projectNamespace), pagination };
}

/** Converts a namespace to the kpanda API. */
export function projectNamespace({ cluster, name }: NamespaceOf): NamespaceItem {
  return { metadata: projectMetadata({ name }, cluster) };
}

const byName = (a: NamespaceOf, b: NamespaceOf) => compareText(a.name, b.name) || compareText(a.cluster, b.cluster);
const byCluster = (a: NamespaceOf, b: NamespaceOf) => compareText(a.cluster, b.cluster) || compareText(a.name, b.name);

/**
 * The parameters of the deployment routes: those of the kpanda API v0.49.0. None is ignored; docs/deployments.md has the
 * table.
 */
import { z } from '@hono/zod-openapi';
import { conditionsOf, selectableFields } from '../../deployments/filter.ts';
import { WorkloadState } from '../../deployments/kpanda/schema.ts';
import type { Query } from '../../deployments/listing.ts';
import type { OrderBy } from '../../deployments/order.ts';
import { dnsLabelPattern, dnsSubdomainPattern, extendedResourcePattern } from '../../kube/names.ts';
import { parseFieldSelector } from '../../selector/field-selector.ts';
import { parseLabelSelector } from '../../selector/label-selector.ts';
import { SelectorError } from '../../selector/syntax.ts';
import { oneOf, problemOf, unsetIfEmpty, wholeNumber } from '../common/parameters.ts';

const extendedResource = new RegExp(`^\\*$|${extendedResourcePattern.source}`);

const text = () => z.string({ error: problemOf });
const requiredName = () => text().min(1, 'must not be empty').max(253, 'must be 253 characters at most');
const optionalName = () => unsetIfEmpty(requiredName().optional());

const cluster = requiredName().openapi({ description: 'Name of the cluster', example: 'kpanda-global-cluster' });

const namespace = text()
  .max(63, 'must be 63 characters at most')
  .regex(dnsLabelPattern, 'must be a DNS label: lower-case letters, digits and hyphens')
  .openapi({ description: 'Name of the namespace', example: 'shop' });

const resource = text()
  .max(253, 'must be 253 characters at most')
  .regex(extendedResource, 'must be * or an extended resource, for example nvidia.com/gpu');

const name = text()
  .max(253, 'must be 253 characters at most')
  .regex(dnsSubdomainPattern, 'must be a DNS subdomain: lower-case letters, digits, hyphens and dots')
  .openapi({ description: 'Name of the deployment', example: 'web' });

export const clusterPath = z.strictObject({ cluster });
export const namespacePath = z.strictObject({ cluster, namespace });
export const deploymentPath = z.strictObject({ cluster, namespace, name });

/** The values of sortBy. There are no workspaces to sort by. */
const orders = {
  SORT_BY_UNSPECIFIED: undefined,
  field_name: 'name',
  state: 'state',
  cluster: 'cluster',
  namespace: 'namespace',
  created_at: 'created',
} as const satisfies Record<string, OrderBy | undefined>;
const sortValues = Object.keys(orders) as (keyof typeof orders)[];

/** The position in every list of the kpanda API. */
export const pageFields = {
  page: wholeNumber('Page number, starting at 1', { min: 1, max: 1_000_000, default: 1 }),
  pageSize: wholeNumber('Items per page', { min: 1, max: 500, default: 10 }),
};

/** The direction of every list of the kpanda API that can be sorted. */
export const sortDir = oneOf('Sort direction; defaults to desc. Has no effect if sortBy is unset or the first value', [
  'desc',
  'asc',
]);

export const listQuery = z.strictObject({
  ...pageFields,
  name: optionalName().openapi({ description: 'Only deployments with exactly this name', example: 'web' }),
  fuzzyName: optionalName().openapi({ description: 'Only deployments whose name contains this text, ignoring case' }),
  phase: oneOf('Only deployments in this state; the first value means any state', WorkloadState.options),
  sortBy: oneOf('Sort key; if unset or the first value, namespace and name', sortValues),
  sortDir,
  labelSelector: selector('Kubernetes label selector, for example app=web,tier notin (back)', parseLabelSelector),
  fieldSelector: selector('Kubernetes field selector on metadata.name and metadata.namespace', (one) =>
    parseFieldSelector(one, selectableFields),
  ),
  gpuType: unsetIfEmpty(resource.optional()).openapi({
    description: 'Only deployments whose pods request this resource; * means any GPU',
    example: 'nvidia.com/gpu',
  }),
});

/** Empty values are dropped; without any other, the parameter is not set. */
const clusterNames = z.preprocess(
  (value) => (Array.isArray(value) ? nonEmpty(value.filter((one) => one !== '')) : value || undefined),
  z.union([cluster, z.array(cluster)]).optional(),
);

const nonEmpty = (values: unknown[]) => (values.length > 0 ? values : undefined);

export const clusters = clusterNames.openapi({
  description: 'Only these clusters; may be repeated',
  type: 'array',
  items: { type: 'string', minLength: 1, maxLength: 253 },
});

export const allClustersQuery = listQuery.extend({
  cluster: clusters,
  namespace: unsetIfEmpty(namespace.optional()).openapi({ description: 'Only this namespace in each cluster' }),
  showVirtualCluster: oneOf('Has no effect: there are no virtual clusters', ['true', 'false']),
});

/** Converts the parameters of a list to a query. */
export function toQuery(parameters: z.infer<typeof listQuery>): Query {
  const { page, pageSize, sortBy = 'SORT_BY_UNSPECIFIED', sortDir } = parameters;
  const { name, fuzzyName, phase, gpuType, labelSelector: labels, fieldSelector: fields } = parameters;
  const state = phase === 'WORKLOAD_STATE_UNSPECIFIED' ? undefined : phase;
  const by = orders[sortBy];
  const conditions = conditionsOf({ name, fuzzyName, state, labels, fields, gpuType });
  const descending = by !== undefined && sortDir !== 'asc';
  return { page, pageSize, by: by ?? 'namespace', descending, conditions };
}

/** A parameter with a selector. An empty selector selects everything, as in Kubernetes. */
function selector<T>(description: string, parse: (selector: string) => T) {
  return text()
    .transform((value, context) => {
      try {
        return parse(value);
      } catch (error) {
        if (!(error instanceof SelectorError)) throw error;
        context.addIssue(error.message);
        return z.NEVER;
      }
    })
    .optional()
    .openapi({ description, type: 'string' });
}

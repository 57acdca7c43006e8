/**
 * The parameters of the deployment routes: those of the kpanda API v0.49.0. Each works or is refused; docs/deployments.md
 * has the table.
 */
import { z } from '@hono/zod-openapi';
import { createFilter, selectableFields } from '../../deployments/filter.ts';
import { WorkloadState } from '../../deployments/kpanda/schema.ts';
import type { Query } from '../../deployments/listing.ts';
import type { OrderBy } from '../../deployments/order.ts';
import { dnsLabelPattern, dnsSubdomainPattern, extendedResourcePattern } from '../../kube/names.ts';
import { parseFieldSelector } from '../../selector/field-selector.ts';
import { parseLabelSelector } from '../../selector/label-selector.ts';
import { SelectorError } from '../../selector/selector-error.ts';
import { oneOf, problemOf, wholeNumber } from '../common/parameters.ts';

const maxPageSize = 500;

const extendedResource = new RegExp(`^\\*$|${extendedResourcePattern.source}`);

const text = () => z.string({ error: problemOf });
const wanted = () => text().min(1, 'must not be empty').max(253, 'must be 253 characters at most');

const cluster = wanted().openapi({ description: 'Name of the cluster', example: 'kpanda-global-cluster' });

const namespace = text()
  .max(63, 'must be 63 characters at most')
  .regex(dnsLabelPattern, 'must be a DNS label: lower-case letters, digits and hyphens')
  .openapi({ description: 'Name of the namespace', example: 'shop' });

const name = text()
  .max(253, 'must be 253 characters at most')
  .regex(dnsSubdomainPattern, 'must be a DNS subdomain: lower-case letters, digits, hyphens and dots')
  .openapi({ description: 'Name of the deployment', example: 'web' });

export const clusterPath = z.strictObject({ cluster });
export const namespacePath = z.strictObject({ cluster, namespace });
export const deploymentPath = z.strictObject({ cluster, namespace, name });

/** The words of sortBy and what each orders by. There are no workspaces to order by. */
const orders = {
  SORT_BY_UNSPECIFIED: undefined,
  field_name: 'name',
  state: 'state',
  cluster: 'cluster',
  namespace: 'namespace',
  created_at: 'created',
} as const satisfies Record<string, OrderBy | undefined>;
const sortWords = Object.keys(orders) as (keyof typeof orders)[];

export const listQuery = z.strictObject({
  page: wholeNumber('Which page, from 1', { min: 1, max: 1_000_000, default: 1 }),
  pageSize: wholeNumber('Items in a page', { min: 1, max: maxPageSize, default: 10 }),
  name: wanted().optional().openapi({ description: 'Only deployments of exactly this name', example: 'web' }),
  fuzzyName: wanted().optional().openapi({ description: 'Only names that this is a part of, in capitals or not' }),
  phase: oneOf('Only deployments in this state; the first word is any state', WorkloadState.options),
  sortBy: oneOf('What to order by; without it, and by the first word, namespace and name', sortWords),
  sortDir: oneOf('The direction: desc by default when sortBy is given, else asc', ['desc', 'asc']),
  labelSelector: selector('Kubernetes label selector, such as app=web,tier notin (back)', parseLabelSelector),
  fieldSelector: selector('Kubernetes field selector over metadata.name and metadata.namespace', (one) =>
    parseFieldSelector(one, selectableFields),
  ),
  gpuType: text()
    .max(253, 'must be 253 characters at most')
    .regex(extendedResource, 'must be * or an extended resource such as nvidia.com/gpu')
    .optional()
    .openapi({
      description: 'Only deployments whose pods ask for this resource; * is any GPU',
      example: 'nvidia.com/gpu',
    }),
});

export const allClustersQuery = listQuery.extend({
  cluster: z
    .union([cluster, z.array(cluster)])
    .optional()
    .openapi({ description: 'Only these clusters; may be repeated', type: 'array', items: { type: 'string' } }),
  namespace: namespace.optional().openapi({ description: 'Only this namespace, in each cluster' }),
  showVirtualCluster: oneOf('No cluster here is virtual, so both give the same', ['true', 'false']),
});

/** What a list is asked for by its parameters. */
export function toQuery(parameters: z.infer<typeof listQuery>): Query {
  const { page, pageSize, sortBy = 'SORT_BY_UNSPECIFIED', sortDir } = parameters;
  const { name, fuzzyName, phase, gpuType, labelSelector: labels, fieldSelector: fields } = parameters;
  const state = phase === 'WORKLOAD_STATE_UNSPECIFIED' ? undefined : phase;
  const by = orders[sortBy];
  const matches = createFilter({ name, fuzzyName, state, labels, fields, gpuType });
  const descending = (sortDir ?? (by ? 'desc' : 'asc')) === 'desc';
  return { page, pageSize, by: by ?? 'namespace', descending, matches };
}

/** A selector, read by `parse`. An empty one selects all, as it does in Kubernetes. */
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

/**
 * The parameters of the deployment routes: those of the kpanda API v0.49.0. Each works or is refused; docs/deployments.md
 * has the table.
 */
import { z } from '@hono/zod-openapi';
import type { Query } from '../deployments/listing.ts';
import { problemOf, wholeNumber } from './parameters.ts';

const maxPageSize = 500;

/** RFC 1123: what a namespace, and a deployment, can be called. */
const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

const text = () => z.string({ error: problemOf });

const cluster = text()
  .min(1, 'must not be empty')
  .max(253, 'must be 253 characters at most')
  .openapi({ description: 'Name of the cluster', example: 'kpanda-global-cluster' });

const namespace = text()
  .max(63, 'must be 63 characters at most')
  .regex(label, 'must be a DNS label: lower-case letters, digits and hyphens')
  .openapi({ description: 'Name of the namespace', example: 'shop' });

const name = text()
  .max(253, 'must be 253 characters at most')
  .regex(subdomain, 'must be a DNS subdomain: lower-case letters, digits, hyphens and dots')
  .openapi({ description: 'Name of the deployment', example: 'web' });

export const clusterPath = z.strictObject({ cluster });
export const namespacePath = z.strictObject({ cluster, namespace });
export const deploymentPath = z.strictObject({ cluster, namespace, name });

const listParameters = {
  page: wholeNumber('Which page, from 1', { min: 1, max: 1_000_000, default: 1 }),
  pageSize: wholeNumber('Items in a page', { min: 1, max: maxPageSize, default: 10 }),
};

export const listQuery = z.strictObject(listParameters);

export const allClustersQuery = z.strictObject({
  ...listParameters,
  cluster: z
    .union([cluster, z.array(cluster)])
    .optional()
    .openapi({ description: 'Only these clusters; may be repeated', type: 'array', items: { type: 'string' } }),
  namespace: namespace.optional().openapi({ description: 'Only this namespace, in each cluster' }),
  showVirtualCluster: text()
    .regex(/^(true|false)$/, 'must be true or false')
    .optional()
    .openapi({ description: 'No cluster here is virtual, so both give the same', type: 'boolean' }),
});

/** What a list is asked for by its parameters. */
export function toQuery({ page, pageSize }: z.infer<typeof listQuery>): Query {
  return { page, pageSize, by: 'namespace', descending: false };
}

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { visibleNamespaces } from '../access/visibility.ts';
import { listDeployments } from '../deployments/listing.ts';
import { DeploymentList } from '../deployments/schema.ts';
import { requireCaller } from './bearer.ts';
import type { Dependencies, Environment } from './environment.ts';
import { ErrorBody, PlatformError } from './errors.ts';
import { wholeNumber } from './parameters.ts';

const maxPageSize = 500;
const json = <T>(schema: T, description: string) => ({ description, content: { 'application/json': { schema } } });

/** The deployments of the cluster, as far as the caller may see them. */
export function addDeploymentRoutes(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  const { clusters } = dependencies;
  const route = createRoute({
    method: 'get',
    path: '/apis/kpanda.io/v1alpha1/clusters/{cluster}/deployments',
    tags: ['Deployments'],
    request: {
      params: z.object({ cluster: z.string() }),
      query: z.strictObject({
        page: wholeNumber('Which page, from 1', { min: 1, max: 1_000_000, default: 1 }),
        pageSize: wholeNumber('Items in a page', { min: 1, max: maxPageSize, default: 10 }),
      }),
    },
    responses: {
      200: json(DeploymentList, 'A page of deployments'),
      400: json(ErrorBody, 'A parameter is wrong'),
      401: json(ErrorBody, 'No valid token'),
      403: json(ErrorBody, 'The user may not list deployments'),
      404: json(ErrorBody, 'No such cluster'),
      503: json(ErrorBody, 'The cluster cannot be asked'),
    },
  });
  app.openapi(route, async (context) => {
    const caller = await requireCaller(context, dependencies);
    const cluster = clusters.get(context.req.valid('param').cluster);
    if (!cluster) throw new PlatformError('notFound', 'cluster: there is no cluster of this name');
    const { deployments, authorizer } = cluster;
    const occupied = deployments.indexValues('namespace');
    const namespaces = await visibleNamespaces(authorizer, caller, occupied, cluster.namespaces());
    if (!namespaces) {
      throw new PlatformError('permissionDenied', `user ${caller.name} may not list deployments in any namespace`);
    }
    context.header('Cache-Control', 'no-store');
    return context.json(listDeployments(deployments, namespaces, context.req.valid('query'), cluster.name), 200);
  });
}

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import packageJson from '../../../package.json' with { type: 'json' };
import { requireCaller } from '../common/bearer.ts';
import { answerCacheable, privateAnswer } from '../common/cacheable.ts';
import type { Dependencies } from '../common/dependencies.ts';
import type { Environment } from '../common/environment.ts';
import { callerFailures, json, notModified } from '../common/responses.ts';

const text = (description: string, example: string) => z.string().openapi({ description, example });

/** aboutListGProductVersionsResponse */
const ProductVersions = z
  .strictObject({
    items: z.array(
      z
        .strictObject({
          name: text('Name of the product.', packageJson.name),
          version: text('Its version.', packageJson.version),
        })
        .openapi('ProductVersion', { description: 'A product and its version.' }),
    ),
  })
  .openapi('ProductVersions', { description: 'The products that serve this API: only this operator.' });

/** Adds the versions in the format of the ghippo API. The operator knows no other product of the platform. */
export function addAboutRoute(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  app.openapi(route, async (context) => {
    await requireCaller(context, dependencies);
    const { name, version } = packageJson;
    return answerCacheable(context, { items: [{ name, version }] }, privateAnswer);
  });
}

const route = createRoute({
  method: 'get',
  path: '/apis/ghippo.io/v1alpha1/about/versions',
  operationId: 'listVersions',
  summary: 'Get the version of the operator',
  tags: ['Document'],
  security: [{ bearer: [] }],
  responses: { 200: json(ProductVersions, 'Products and their versions'), ...notModified, ...callerFailures },
});

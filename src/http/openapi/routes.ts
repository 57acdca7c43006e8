import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { answerRepresentation } from '../common/cacheable.ts';
import type { Dependencies } from '../common/dependencies.ts';
import type { Environment } from '../common/environment.ts';
import { type Representation, representationOf } from '../common/representation.ts';
import { json, notModified } from '../common/responses.ts';
import { parseIssuer } from '../discovery/metadata.ts';
import { describeApi } from './document.ts';

const Document = z
  .looseObject({ openapi: z.string() })
  .openapi('Document', { description: 'https://spec.openapis.org/oas/v3.1.0' });

const documentPath = '/openapi.json';

const route = createRoute({
  method: 'get',
  path: documentPath,
  tags: ['Document'],
  operationId: 'getDocument',
  summary: 'Get the OpenAPI document of this API',
  security: [],
  responses: { 200: json(Document, 'The document', { openapi: '3.1.0' }), ...notModified },
});

/** Adds the OpenAPI document. It is created on the first request, so that it includes routes that are added later. */
export function addDocumentRoutes(app: OpenAPIHono<Environment>, { token }: Pick<Dependencies, 'token'>): void {
  const prefix = parseIssuer(token.issuer)?.path ?? '';
  let cached: Representation | undefined;
  app.openAPIRegistry.registerPath(route);
  app.get(documentPath, (context) => {
    cached ??= representationOf(JSON.stringify(describeApi(app, prefix)));
    return answerRepresentation(context, cached, { type: 'application/json', cacheControl: 'no-cache' });
  });
}

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { answerRepresentation, type Representation, representationOf } from '../common/cacheable.ts';
import type { Dependencies, Environment } from '../common/environment.ts';
import { json, notModified } from '../common/responses.ts';
import { parseIssuer } from '../discovery/metadata.ts';
import { describeApi } from './document.ts';

const Document = z
  .looseObject({ openapi: z.string() })
  .openapi('Document', { description: 'https://spec.openapis.org/oas/v3.1.0' });

const documentPath = '/openapi.json';

const route = createRoute({
  ...{ method: 'get', path: documentPath, tags: ['Document'], operationId: 'getDocument' },
  summary: 'The OpenAPI document of this API',
  security: [],
  responses: { 200: json(Document, 'The document', { openapi: '3.1.0' }), ...notModified },
});

/** The OpenAPI document. It is made when it is first asked for, so of all routes, also of those that are added later. */
export function addDocumentRoutes(app: OpenAPIHono<Environment>, { token }: Pick<Dependencies, 'token'>): void {
  const prefix = parseIssuer(token.issuer)?.path ?? '';
  let kept: Representation | undefined;
  app.openAPIRegistry.registerPath(route);
  app.get(documentPath, (context) => {
    kept ??= representationOf(JSON.stringify(describeApi(app, prefix)));
    return answerRepresentation(context, kept, { type: 'application/json', cacheControl: 'no-cache' });
  });
}

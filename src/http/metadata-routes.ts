import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { answerCacheable } from './cacheable.ts';
import type { Dependencies, Environment } from './environment.ts';
import { ErrorBody, PlatformError } from './errors.ts';
import { publicAnswer, requireKeys } from './key-routes.ts';
import { parseIssuer, serverMetadata } from './metadata.ts';

const json = <T>(schema: T, description: string) => ({ description, content: { 'application/json': { schema } } });
const Metadata = z
  .looseObject({ issuer: z.string(), token_endpoint: z.string(), jwks_uri: z.string() })
  .openapi('ServerMetadata', { description: 'RFC 8414 section 2' });

/**
 * Discovery, when the issuer is a URL. An issuer's path comes before /.well-known/openid-configuration (the proxy that
 * puts the server under that path takes it away again), but after /.well-known/oauth-authorization-server (RFC 8414
 * section 3.1).
 */
export function addMetadataRoutes(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  const issuer = parseIssuer(dependencies.token.issuer);
  const paths = ['/.well-known/openid-configuration', `/.well-known/oauth-authorization-server${issuer?.path ?? ''}`];
  for (const path of paths) {
    const route = createRoute({
      ...{ method: 'get', path, tags: ['OAuth 2.0'] },
      responses: {
        200: json(Metadata, 'What this server can do'),
        404: json(ErrorBody, 'The issuer is no URL'),
        503: json(ErrorBody, 'Not ready yet'),
      },
    });
    app.openapi(route, (context) => {
      if (!issuer) throw new PlatformError('notFound', 'the issuer of this server is no https URL');
      const metadata = serverMetadata(issuer, requireKeys(dependencies));
      return answerCacheable(context, metadata, publicAnswer);
    });
  }
}

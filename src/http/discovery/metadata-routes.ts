import type { OpenAPIHono } from '@hono/zod-openapi';
import { requireKeys } from '../common/bearer.ts';
import { answerCacheable } from '../common/cacheable.ts';
import type { Dependencies, Environment } from '../common/environment.ts';
import { PlatformError } from '../common/errors.ts';
import { describeMetadata } from './description.ts';
import { publicAnswer } from './key-routes.ts';
import { parseIssuer, serverMetadata } from './metadata.ts';

/**
 * Discovery, when the issuer is a URL. An issuer's path comes before /.well-known/openid-configuration (the proxy that
 * puts the server under that path takes it away again), but after /.well-known/oauth-authorization-server (RFC 8414
 * section 3.1).
 */
export function addMetadataRoutes(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  const issuer = parseIssuer(dependencies.token.issuer);
  const paths = {
    '/.well-known/openid-configuration': 'getOpenIdConfiguration',
    [`/.well-known/oauth-authorization-server${issuer?.path ?? ''}`]: 'getAuthorizationServerMetadata',
  };
  for (const [path, operationId] of Object.entries(paths)) {
    app.openapi(describeMetadata(path, operationId), (context) => {
      if (!issuer) throw new PlatformError('notFound', 'the issuer of this server is no https URL');
      const metadata = serverMetadata(issuer, requireKeys(dependencies));
      return answerCacheable(context, metadata, publicAnswer);
    });
  }
}

import type { OpenAPIHono } from '@hono/zod-openapi';
import type { TypedResponse } from 'hono';
import type { SigningKeys } from '../../token/keys/signing-keys.ts';
import { requireKeys } from '../common/bearer.ts';
import { answerCacheable, answerRepresentation } from '../common/cacheable.ts';
import type { Dependencies } from '../common/dependencies.ts';
import type { Environment } from '../common/environment.ts';
import { PlatformError } from '../common/errors.ts';
import { type Representation, representationOf } from '../common/representation.ts';
import { describeKeys, describeMetadata } from './description.ts';
import { parseIssuer, serverMetadata } from './metadata.ts';

/** How long clients may cache keys and metadata, seconds. */
const maxAgeSeconds = 300;
const cacheControl = `public, max-age=${maxAgeSeconds}`;

/** Paths of the keys, with their operationId. */
const keyPaths = { '/apis/ghippo.io/v1alpha1/certs': 'getSigningKeys', '/.well-known/jwks.json': 'getJsonWebKeySet' };

/** Adds the public keys that verify tokens. */
export function addKeyRoutes(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  const jwksOf = createCachedJwks();
  for (const [path, operationId] of Object.entries(keyPaths)) {
    app.openapi(describeKeys(path, operationId), async (context) => {
      const options = { type: 'application/json', cacheControl };
      const response = await answerRepresentation(context, jwksOf(requireKeys(dependencies)), options);
      return response as Response & TypedResponse<never, 200, 'json'>;
    });
  }
}

/** Caches the JWK Set of the latest keys. */
function createCachedJwks(): (keys: SigningKeys) => Representation {
  let latest: { keys: SigningKeys; representation: Representation } | undefined;
  return (keys) => {
    if (latest?.keys !== keys) latest = { keys, representation: representationOf(JSON.stringify(keys.jwks)) };
    return latest.representation;
  };
}

/**
 * Adds discovery, if the issuer is a URL. The path of the issuer precedes /.well-known/openid-configuration (a proxy that
 * serves the API under that path strips it), but follows /.well-known/oauth-authorization-server (RFC 8414 section 3.1).
 */
export function addMetadataRoutes(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  const issuer = parseIssuer(dependencies.token.issuer);
  const paths = {
    '/.well-known/openid-configuration': 'getOpenIdConfiguration',
    [`/.well-known/oauth-authorization-server${issuer?.path ?? ''}`]: 'getAuthorizationServerMetadata',
  };
  for (const [path, operationId] of Object.entries(paths)) {
    app.openapi(describeMetadata(path, operationId), (context) => {
      if (!issuer) throw new PlatformError('notFound', 'the issuer of this server is not an https URL');
      const metadata = serverMetadata(issuer, requireKeys(dependencies), dependencies.federation !== undefined);
      return answerCacheable(context, metadata, cacheControl);
    });
  }
}

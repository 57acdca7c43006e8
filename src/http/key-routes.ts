import type { OpenAPIHono, z } from '@hono/zod-openapi';
import type { SigningKeys } from '../token/signing-keys.ts';
import { answerCacheable } from './cacheable.ts';
import type { Dependencies, Environment } from './environment.ts';
import { PlatformError } from './errors.ts';
import { describeKeys, type JsonWebKeySet } from './openapi/key-description.ts';

/** How long a verifier may keep the published keys, and what tells where they are, seconds. */
const maxAgeSeconds = 300;
export const publicAnswer = `public, max-age=${maxAgeSeconds}`;

/** The paths of the keys, and what their operations are called. */
const keyPaths = { '/apis/ghippo.io/v1alpha1/certs': 'getSigningKeys', '/.well-known/jwks.json': 'getJsonWebKeySet' };

/** The keys to verify tokens with. */
export function addKeyRoutes(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  for (const [path, operationId] of Object.entries(keyPaths)) {
    app.openapi(describeKeys(path, operationId), (context) => {
      const { jwks } = requireKeys(dependencies);
      return answerCacheable(context, jwks as z.infer<typeof JsonWebKeySet>, publicAnswer);
    });
  }
}

/** @throws PlatformError 503 while there are none */
export function requireKeys({ signingKeys }: Pick<Dependencies, 'signingKeys'>): SigningKeys {
  const keys = signingKeys();
  if (!keys) throw new PlatformError('unavailable', 'the signing keys are not loaded yet');
  return keys;
}

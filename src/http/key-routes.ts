import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { SigningKeys } from '../token/signing-keys.ts';
import { answerCacheable } from './cacheable.ts';
import type { Dependencies, Environment } from './environment.ts';
import { ErrorBody, PlatformError } from './errors.ts';

/** How long a verifier may keep the published keys, and what tells where they are, seconds. */
const maxAgeSeconds = 300;
export const publicAnswer = `public, max-age=${maxAgeSeconds}`;
const json = <T>(schema: T, description: string) => ({ description, content: { 'application/json': { schema } } });
const JsonWebKeySet = z
  .looseObject({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })) })
  .openapi('JsonWebKeySet', { description: 'RFC 7517 section 5' });

/** The keys to verify tokens with. */
export function addKeyRoutes(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  for (const path of ['/apis/ghippo.io/v1alpha1/certs', '/.well-known/jwks.json']) {
    const route = createRoute({
      method: 'get',
      path,
      tags: ['Tokens'],
      responses: { 200: json(JsonWebKeySet, 'The public keys'), 503: json(ErrorBody, 'Not ready yet') },
    });
    app.openapi(route, (context) => {
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

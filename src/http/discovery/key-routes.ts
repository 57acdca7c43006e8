import type { OpenAPIHono } from '@hono/zod-openapi';
import type { TypedResponse } from 'hono';
import type { SigningKeys } from '../../token/keys/signing-keys.ts';
import { requireKeys } from '../common/bearer.ts';
import { answerRepresentation, type Representation, representationOf } from '../common/cacheable.ts';
import type { Dependencies, Environment } from '../common/environment.ts';
import { describeKeys } from './description.ts';

/** How long a verifier may keep the published keys, and what tells where they are, seconds. */
const maxAgeSeconds = 300;
export const publicAnswer = `public, max-age=${maxAgeSeconds}`;

/** The paths of the keys, and what their operations are called. */
const keyPaths = { '/apis/ghippo.io/v1alpha1/certs': 'getSigningKeys', '/.well-known/jwks.json': 'getJsonWebKeySet' };

/** The keys to verify tokens with. */
export function addKeyRoutes(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  const published = createPublished();
  for (const [path, operationId] of Object.entries(keyPaths)) {
    app.openapi(describeKeys(path, operationId), async (context) => {
      const options = { type: 'application/json', cacheControl: publicAnswer };
      const answer = await answerRepresentation(context, published(requireKeys(dependencies)), options);
      return answer as Response & TypedResponse<never, 200, 'json'>;
    });
  }
}

/** Gives the published form of a set of keys, which is made once for each set. */
function createPublished(): (keys: SigningKeys) => Representation {
  let latest: { keys: SigningKeys; representation: Representation } | undefined;
  return (keys) => {
    if (latest?.keys !== keys) latest = { keys, representation: representationOf(JSON.stringify(keys.jwks)) };
    return latest.representation;
  };
}

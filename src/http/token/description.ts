import { createRoute, z } from '@hono/zod-openapi';
import { addressDenied, PlatformError, tooManyFailures, unauthenticated } from '../common/errors.ts';
import { badParameter, failure, json, withoutKeys } from '../common/responses.ts';
import type { tokenParameters } from './request.ts';

/** Paths of the token endpoint, with their operationId. */
export const tokenPaths = {
  '/apis/ghippo.io/v1alpha1/token': { get: 'getToken', post: 'createToken' },
  '/api/v1/cube/key/token': { get: 'getTokenByFormerPath', post: 'createTokenByFormerPath' },
} as const;

const Token = z
  .strictObject({ token: z.string().openapi({ description: 'JWT (RFC 7519)' }) })
  .openapi('Token', { description: 'A signed token for the header Authorization: Bearer.' });

const responses = {
  200: json(Token, 'A token', { token: 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJnaGlwcG8uaW8ifQ.c2lnbmF0dXJl' }),
  400: badParameter('cycle', 'must be a whole number from 1 to 30'),
  401: failure(
    'The key pair is not valid',
    unauthenticated('the access key or the secret key is not valid', 'AccessKey'),
  ),
  403: failure('allowedCIDRs of the key pair do not contain the client address', addressDenied('key pair')),
  429: failure('The key pair is not valid, and too many attempts from this address have failed', tooManyFailures(3)),
  503: withoutKeys,
};

const wrongBody = new PlatformError(
  'unsupportedMediaType',
  'Content-Type: must be application/x-www-form-urlencoded or application/json, in UTF-8',
);

/** The key pair is in the body or in Authorization: Basic. The type of the metadata lacks this keyword of JSON Schema. */
const bothOrNone: object = { dependentRequired: { ak: ['sk'], sk: ['ak'] } };

/** Swagger UI sends a default of the query together with that of the body, although only one of them is allowed. */
function withoutDefault(cycle: ReturnType<typeof tokenParameters>['shape']['cycle']) {
  return cycle.openapi({ description: 'Validity of the token in days, unless it is in the body', default: undefined });
}

/** For the OpenAPI document only. Requests are validated by `readTokenRequest`: the key pair can be sent in three ways. */
export function describeTokenRoutes(path: keyof typeof tokenPaths, parameters: ReturnType<typeof tokenParameters>) {
  const schema = parameters.partial({ ak: true, sk: true });
  const body = schema.openapi(bothOrNone);
  const content = { 'application/x-www-form-urlencoded': { schema: body }, 'application/json': { schema: body } };
  const shared = { path, tags: ['Tokens'], security: [{ pair: [] }, {}] };
  return [
    createRoute({
      ...shared,
      method: 'get',
      operationId: tokenPaths[path].get,
      summary: 'Get a token for a key pair',
      description: 'The key pair is in the query, which proxies log, or in Authorization: Basic.',
      request: { query: schema },
      responses,
    }),
    createRoute({
      ...shared,
      method: 'post',
      operationId: tokenPaths[path].post,
      summary: 'Get a token for a key pair',
      description:
        'The key pair is in the body or in Authorization: Basic; cycle and audience are in the body or in the query.',
      request: {
        query: z.strictObject({
          cycle: withoutDefault(parameters.shape.cycle),
          audience: parameters.shape.audience,
        }),
        body: { content },
      },
      responses: { ...responses, 415: failure('The body is neither a form nor JSON', wrongBody) },
    }),
  ];
}

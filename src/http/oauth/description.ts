/** OpenAPI descriptions of the OAuth 2.0 endpoints. Requests are validated by the rules of OAuth 2.0, not by these schemas. */
import { createRoute, z } from '@hono/zod-openapi';
import { jwtBearer, tokenExchange } from '../../token/exchange.ts';
import { invalidClient, OAuthError, oauthBody, throttled } from '../common/oauth-error.ts';
import { callerFailures, json } from '../common/responses.ts';
import { tokenType } from './grant-request.ts';

const form = <T>(schema: T) => ({
  body: { content: { 'application/x-www-form-urlencoded': { schema } }, required: true },
});

const OAuthErrorBody = z
  .strictObject({ error: z.string(), error_description: z.string() })
  .openapi('OAuthError', { description: 'RFC 6749 section 5.2' });

const failure = (description: string, example: OAuthError) => json(OAuthErrorBody, description, oauthBody(example));

const failures = {
  400: failure('The request is invalid', new OAuthError('invalid_request', 'grant_type: is required')),
  401: failure('Client authentication failed', invalidClient('client authentication is required', 'Basic')),
  429: failure('As 401, and too many attempts from this address have failed', throttled('invalid_client', 3)),
  503: failure(
    'Not ready yet, or the cluster is unavailable',
    new OAuthError('temporarily_unavailable', 'the cluster is unavailable, try again later', { status: 503 }),
  ),
};

const text = (description: string) => z.string().optional().openapi({ description });
const clientFields = {
  client_id: text('The ak, unless it is in Authorization: Basic'),
  client_secret: text('The sk, unless it is in Authorization: Basic'),
};

const TokenResponse = z
  .strictObject({
    access_token: z.string().openapi({ description: 'JWT (RFC 7519)' }),
    token_type: z.literal('Bearer'),
    expires_in: z.int().openapi({ description: 'Seconds' }),
    issued_token_type: text('Only for a token exchange'),
  })
  .openapi('OAuthToken', { description: 'RFC 6749 section 5.1, RFC 8693 section 2.2.1' });

/**
 * A token exchange needs a subject token, which replaces the secret, and excludes delegation. The type of the metadata
 * lacks these keywords.
 */
const byGrantType: object = {
  if: { properties: { grant_type: { const: tokenExchange } } },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: {
    required: ['subject_token', 'subject_token_type'],
    properties: {
      subject_token: { minLength: 1 },
      subject_token_type: { const: tokenType.jwt },
      requested_token_type: { enum: ['', tokenType.accessToken, tokenType.jwt] },
      client_secret: { maxLength: 0 },
      actor_token: { maxLength: 0 },
    },
  },
};

/** The values of `resource` and `audience`; an empty value counts as absent. */
const target = z
  .string()
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]*$/)
  .max(2048)
  .optional()
  .openapi({ description: 'Audience of the token: the configured one or one of spec.audiences of the AccessKey' });

export const tokenRoute = createRoute({
  method: 'post',
  path: '/token',
  tags: ['OAuth 2.0'],
  operationId: 'requestToken',
  summary: 'Request a token with client credentials or a token exchange',
  description:
    'Client credentials (RFC 6749 section 4.4): the client is the key pair. Token exchange (RFC 8693): the subject token ' +
    'is a ServiceAccount token, or a token of a trusted issuer, which can also be an assertion (RFC 7523).',
  security: [{ pair: [] }, {}],
  request: form(
    z
      .object({
        grant_type: z.enum(['client_credentials', tokenExchange, jwtBearer]),
        ...clientFields,
        assertion: text('For the grant of RFC 7523, if an issuer is trusted: a token of that issuer'),
        subject_token: text('For a token exchange: the projected token of the ServiceAccount'),
        subject_token_type: text(`For a token exchange: ${tokenType.jwt}`),
        requested_token_type: text('For a token exchange: the type of an access token or a JWT'),
        resource: target,
        audience: target,
        scope: z.string().max(0).optional().openapi({ description: 'Not supported' }),
      })
      .openapi(byGrantType),
  ),
  responses: {
    200: json(TokenResponse, 'A token', {
      access_token: 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJnaGlwcG8uaW8ifQ.c2lnbmF0dXJl',
      token_type: 'Bearer',
      expires_in: 259_200,
    }),
    ...failures,
  },
});

export const introspectionRoute = createRoute({
  method: 'post',
  path: '/introspect',
  tags: ['OAuth 2.0'],
  operationId: 'introspectToken',
  summary: 'Introspect a token',
  description: 'RFC 7662. Tokens of other users require the permission to create tokenreviews.authentication.k8s.io.',
  security: [{ pair: [] }, { bearer: [] }],
  request: form(z.object({ token: z.string().min(1), token_type_hint: text('Ignored'), ...clientFields })),
  responses: {
    200: json(z.looseObject({ active: z.boolean() }).openapi('Introspection'), 'The state of the token', {
      active: true,
      iss: 'ghippo.io',
      sub: '94dbbd6a-12a3-4a67-85a8-a97cf5a1a953',
      username: 'alice',
      groups: ['shop-developers'],
      client_id: '5df476c2-d4ca-4d57-ac7f-0011fe8182d5',
      iat: 1_795_570_730,
      exp: 1_795_829_930,
      token_type: 'Bearer',
    }),
    ...failures,
  },
});

const header = (description: string) => ({ description, schema: { type: 'string' as const } });

/** OpenAPI cannot describe that every method and every subpath is accepted. */
export const forwardAuthRoute = createRoute({
  method: 'get',
  path: '/oauth2/auth',
  tags: ['Gateways'],
  operationId: 'checkForwardedRequest',
  summary: 'Authenticate a request for a gateway',
  description:
    'For nginx auth_request, Traefik ForwardAuth and Envoy ext_authz. Accepts every method and every subpath, with the ' +
    'same result.',
  security: [{ bearer: [] }],
  responses: {
    200: {
      description: 'The request is authenticated',
      headers: {
        'X-Auth-Request-User': header('Name of the user, percent-encoded where it is not printable ASCII'),
        'X-Auth-Request-Groups': header('Groups of the user, separated by commas, each encoded in the same way'),
      },
    },
    ...callerFailures,
  },
});

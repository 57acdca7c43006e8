import { createRoute, z } from '@hono/zod-openapi';
import { tokenExchange } from '../../token/exchange.ts';
import { invalidClient, OAuthError, oauthBody, throttled } from '../common/oauth-error.ts';
import { json } from '../common/responses.ts';

const form = <T>(schema: T) => ({
  body: { content: { 'application/x-www-form-urlencoded': { schema } }, required: true },
});

const OAuthErrorBody = z
  .strictObject({ error: z.string(), error_description: z.string() })
  .openapi('OAuthError', { description: 'RFC 6749 section 5.2' });

const failure = (description: string, example: OAuthError) => json(OAuthErrorBody, description, oauthBody(example));

const failures = {
  400: failure('The request is wrong', new OAuthError('invalid_request', 'grant_type: is required')),
  401: failure('The caller did not prove who it is', invalidClient('the client must authenticate', 'Basic')),
  429: failure('As 401, and too many attempts failed from this address', throttled('invalid_client', 3)),
  503: failure(
    'Not ready yet, or the cluster cannot be asked',
    new OAuthError('temporarily_unavailable', 'the cluster cannot be asked now, try again', { status: 503 }),
  ),
};

const text = (description: string) => z.string().optional().openapi({ description });
const clientFields = {
  client_id: text('The ak, when it is not in Authorization: Basic'),
  client_secret: text('The sk, when it is not in Authorization: Basic'),
};

const TokenAnswer = z
  .strictObject({
    access_token: z.string().openapi({ description: 'JWT (RFC 7519)' }),
    token_type: z.literal('Bearer'),
    expires_in: z.int().openapi({ description: 'Seconds' }),
    issued_token_type: text('For a token exchange'),
  })
  .openapi('OAuthToken', { description: 'RFC 6749 section 5.1, RFC 8693 section 2.2.1' });

/** For the OpenAPI document, as the next one: the requests themselves are read by the rules of OAuth 2.0. */
export const tokenRoute = createRoute({
  ...{ method: 'post', path: '/token', tags: ['OAuth 2.0'], operationId: 'requestToken' },
  summary: 'Client credentials or token exchange',
  description: 'RFC 6749 section 4.4: the client is the key pair. RFC 8693: the subject token is a ServiceAccount’s.',
  security: [{ pair: [] }, {}],
  request: form(
    z.object({
      grant_type: z.enum(['client_credentials', tokenExchange]),
      ...clientFields,
      subject_token: text('For a token exchange: the projected token of the ServiceAccount'),
      subject_token_type: text('For a token exchange: urn:ietf:params:oauth:token-type:jwt'),
      requested_token_type: text('For a token exchange: that of an access token or a JWT'),
      resource: text('The configured audience, and no other'),
      audience: text('The configured audience, and no other'),
    }),
  ),
  responses: {
    200: json(TokenAnswer, 'A token', {
      ...{ access_token: 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJnaGlwcG8uaW8ifQ.c2lnbmF0dXJl' },
      ...{ token_type: 'Bearer', expires_in: 259_200 },
    }),
    ...failures,
  },
});

export const introspectionRoute = createRoute({
  ...{ method: 'post', path: '/introspect', tags: ['OAuth 2.0'], operationId: 'introspectToken' },
  summary: 'Whether a token is active, and whose it is',
  description: 'RFC 7662. Tokens of others need the right to create tokenreviews.authentication.k8s.io.',
  security: [{ pair: [] }, { bearer: [] }],
  request: form(z.object({ token: z.string(), token_type_hint: text('Is of no account'), ...clientFields })),
  responses: {
    200: json(z.looseObject({ active: z.boolean() }).openapi('Introspection'), 'What is known of the token', {
      ...{ active: true, iss: 'ghippo.io', sub: '94dbbd6a-12a3-4a67-85a8-a97cf5a1a953', username: 'alice' },
      ...{ groups: ['shop-developers'], client_id: '5df476c2-d4ca-4d57-ac7f-0011fe8182d5' },
      ...{ iat: 1_795_570_730, exp: 1_795_829_930, token_type: 'Bearer' },
    }),
    ...failures,
  },
});

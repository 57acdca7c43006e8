/** For the OpenAPI document only: the routes read their requests themselves. */
import { createRoute, z } from '@hono/zod-openapi';
import { PlatformError, tooMany } from '../common/errors.ts';
import { badParameter, callerFailures, failure, forbidden, json, missing, notModified } from '../common/responses.ts';
import { notAllowed } from './permissions.ts';
import { AccessTokenRequest } from './request.ts';
import { AccessTokenList, CreatedAccessToken, Deleted } from './schema.ts';

const base = '/apis/ghippo.io/v1alpha1';
const shared = { tags: ['Access tokens'], security: [{ bearer: [] }] };
const userId = z.string().min(1).openapi({ description: 'ID of the user: the sub claim of the tokens' });
const tokenId = z.string().min(1).openapi({ description: 'ID of the access token: its name', example: 'ci' });

/** What differs between the access tokens of the current user and those of any user. */
const variants = {
  'current-user': {
    path: `${base}/current-user`,
    suffix: 'AccessToken',
    owner: 'the user of the token',
    more: '',
    params: {},
    tokenParam: 'id',
  },
  user: {
    path: `${base}/users/{id}`,
    suffix: 'UserAccessToken',
    owner: 'a user',
    more:
      ' For another user, the caller needs permission to get accesskeys.ghippo.io in all namespaces and, except to list, ' +
      'to patch the AccessKey of the user and to impersonate the user and each of their groups.',
    params: { id: userId },
    tokenParam: 'aid',
  },
} as const;

const changeFailures = {
  ...callerFailures,
  403: forbidden(notAllowed('alice').message),
  409: failure(
    'The name is taken, or others change the AccessKey at the same time',
    new PlatformError('alreadyExists', 'name: a key pair with this name already exists'),
  ),
  429: failure('Too many changes by the caller', tooMany('changes', 3)),
};

export function routesOf(of: keyof typeof variants) {
  const { path, suffix, owner, more, params, tokenParam } = variants[of];
  const paramsOf = (entries: Record<string, typeof userId>) => ({ params: z.object(entries) });
  const userParams = of === 'user' ? paramsOf(params) : {};
  return {
    create: createRoute({
      ...shared,
      method: 'post',
      path: `${path}/accesstoken`,
      operationId: `create${suffix}`,
      summary: `Create an access token for ${owner}`,
      description:
        'Adds a key pair with this name to the AccessKey of the user, and returns a token that is valid as long as this ' +
        `key pair. An access token cannot create access tokens.${more}`,
      request: {
        ...userParams,
        body: { required: true, content: { 'application/json': { schema: AccessTokenRequest } } },
      },
      responses: {
        200: json(CreatedAccessToken, 'The access token', { id: 'ci', token: 'eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl' }),
        ...changeFailures,
        400: badParameter('expiredAt', 'must be at most 30 days in the future'),
        404: missing('user not found'),
        415: failure(
          'The body is not JSON',
          new PlatformError('unsupportedMediaType', 'Content-Type: must be application/json, in UTF-8'),
        ),
      },
    }),
    list: createRoute({
      ...shared,
      method: 'get',
      path: `${path}/accesstokens`,
      operationId: `list${suffix}s`,
      summary: `List the access tokens of ${owner}`,
      description: `The tokens themselves cannot be read again.${more}`,
      request: userParams,
      responses: {
        200: json(AccessTokenList, 'The access tokens'),
        ...notModified,
        ...callerFailures,
        403: changeFailures[403],
        404: missing('user not found'),
      },
    }),
    remove: createRoute({
      ...shared,
      method: 'delete',
      path: `${path}/accesstokens/{${tokenParam}}`,
      operationId: `delete${suffix}`,
      summary: `Delete an access token of ${owner}`,
      description: `Deletes its key pair: the operator rejects its tokens immediately.${more}`,
      request: paramsOf({ ...params, [tokenParam]: tokenId }),
      responses: {
        200: json(Deleted, 'The access token is deleted', {}),
        ...changeFailures,
        400: failure(
          'Another tool manages the key pair',
          new PlatformError('failedPrecondition', 'the key pairs of the user are managed by argocd-controller'),
        ),
        404: missing('access token not found'),
      },
    }),
  };
}

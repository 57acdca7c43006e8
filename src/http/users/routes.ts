import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { AccessKeyRecord } from '../../accesskey/model/access-key-record.ts';
import type { Caller } from '../../token/verify.ts';
import { projectCurrentUser, projectUser } from '../../users/projection.ts';
import { CurrentUser, User, UserList } from '../../users/schema.ts';
import { requireCaller } from '../common/bearer.ts';
import { answerCacheable, privateAnswer } from '../common/cacheable.ts';
import type { Dependencies, Environment } from '../common/environment.ts';
import { PlatformError } from '../common/errors.ts';
import { optionalText, wholeNumber } from '../common/parameters.ts';
import { badParameter, callerFailures, forbidden, json, missing, notModified } from '../common/responses.ts';

const base = '/apis/ghippo.io/v1alpha1';
const shared = { method: 'get' as const, tags: ['Users'], security: [{ bearer: [] }] };
const defaultPageSize = 10;

/** Adds the user routes. Callers always see themselves; to see others they need permission to read AccessKeys. */
export function addUserRoutes(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  const { users } = dependencies;
  addListRoute(app, dependencies);
  app.openapi(currentRoute, async (context) => {
    const caller = await requireCaller(context, dependencies);
    return answerCacheable(context, projectCurrentUser(requireUser(users.byId(caller.id))), privateAnswer);
  });
  app.openapi(byIdRoute, async (context) => {
    const { id } = context.req.valid('param');
    await requireReader(context, dependencies, (caller) => caller.id === id);
    return answerCacheable(context, projectUser(requireUser(users.byId(id))), privateAnswer);
  });
  app.openapi(byNameRoute, async (context) => {
    const { username } = context.req.valid('param');
    await requireReader(context, dependencies, (caller) => caller.name === username);
    return answerCacheable(context, projectUser(requireUser(users.byName(username))), privateAnswer);
  });
}

function addListRoute(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  app.openapi(listRoute, async (context) => {
    const caller = await requireCaller(context, dependencies);
    const { search, page, pageSize } = context.req.valid('query');
    if (!(await dependencies.authorizer.mayReadAccessKeys(caller, 'list'))) throw denied(caller.name, 'list');
    // 0 is an unset int32.
    const position = { page: page || 1, pageSize: pageSize || defaultPageSize };
    const { users, total } = dependencies.users.find({ search, ...position });
    return answerCacheable(
      context,
      { items: users.map(projectUser), pagination: { ...position, total } },
      privateAnswer,
    );
  });
}

/** @throws PlatformError 401, 403 */
async function requireReader(
  context: Context<Environment>,
  dependencies: Dependencies,
  isSelf: (caller: Caller) => boolean,
): Promise<void> {
  const caller = await requireCaller(context, dependencies);
  if (isSelf(caller) || (await dependencies.authorizer.mayReadAccessKeys(caller, 'get'))) return;
  throw denied(caller.name, 'get');
}

/** The error is the same whether or not the user exists. */
function denied(name: string, verb: 'get' | 'list'): PlatformError {
  const permission = `${verb} accesskeys.ghippo.io in all namespaces`;
  return new PlatformError(
    'permissionDenied',
    `user ${name} may not see other users: missing permission to ${permission}`,
  );
}

/** @throws PlatformError 404 */
function requireUser(record: AccessKeyRecord | undefined): AccessKeyRecord {
  if (!record) throw new PlatformError('notFound', 'user not found');
  return record;
}

const failures = { ...callerFailures, 403: forbidden(denied('alice', 'get').message) };

const listRoute = createRoute({
  ...shared,
  path: `${base}/users`,
  operationId: 'listUsers',
  summary: 'List users',
  description: 'Sorted by name. Requires permission to list accesskeys.ghippo.io in all namespaces.',
  request: {
    query: z.strictObject({
      search: optionalText('Part of the name, the email address or the full name, ignoring case', 'ali'),
      page: wholeNumber('Page number, starting at 1; 0 means 1', { min: 0, max: 1000, default: 1 }),
      pageSize: wholeNumber('Users per page; 0 means 10', { min: 0, max: 500, default: defaultPageSize }),
    }),
  },
  responses: {
    200: json(UserList, 'A page of users'),
    ...notModified,
    400: badParameter('page', 'must be a whole number from 0 to 1000'),
    ...failures,
  },
});

const currentRoute = createRoute({
  ...shared,
  path: `${base}/current-user`,
  operationId: 'getCurrentUser',
  summary: 'Get the user of the token',
  responses: { 200: json(CurrentUser, 'The user of the token'), ...notModified, ...callerFailures },
});

const oneUser = {
  200: json(User, 'The user'),
  ...notModified,
  ...failures,
  404: missing('user not found'),
};

const byIdRoute = createRoute({
  ...shared,
  path: `${base}/users/{id}`,
  operationId: 'getUser',
  summary: 'Get a user by ID',
  description: 'To get another user, the caller needs permission to get accesskeys.ghippo.io in all namespaces.',
  request: { params: z.object({ id: z.string().min(1).openapi({ description: 'The sub claim of the tokens' }) }) },
  responses: oneUser,
});

const byNameRoute = createRoute({
  ...shared,
  path: `${base}/users/username/{username}`,
  operationId: 'getUserByName',
  summary: 'Get a user by name',
  description: 'To get another user, the caller needs permission to get accesskeys.ghippo.io in all namespaces.',
  request: { params: z.object({ username: z.string().min(1).openapi({ description: 'Kubernetes username' }) }) },
  responses: oneUser,
});

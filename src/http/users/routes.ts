import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { projectCurrentUser, projectUser } from '../../users/projection.ts';
import { CurrentUser, User, UserList } from '../../users/schema.ts';
import { requireCaller } from '../common/bearer.ts';
import { answerCacheable, answerList, privateAnswer } from '../common/cacheable.ts';
import type { Dependencies } from '../common/dependencies.ts';
import type { Environment } from '../common/environment.ts';
import { callerFailures, forbidden, json, missing, notModified } from '../common/responses.ts';
import { addGroupRoute, addPermissionsRoute, addSubjectRoute } from './membership.ts';
import { badPage, pageParameters, positionOf, userPath } from './page.ts';
import { denied, requireReader, requireUser } from './reader.ts';

const base = '/apis/ghippo.io/v1alpha1';
const shared = { method: 'get' as const, tags: ['Users'], security: [{ bearer: [] }] };

/** Adds the user routes. Callers always see themselves; to see others they need permission to read AccessKeys. */
export function addUserRoutes(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  const { users, now } = dependencies;
  addListRoute(app, dependencies);
  app.openapi(currentRoute, async (context) => {
    const caller = await requireCaller(context, dependencies);
    return answerCacheable(context, projectCurrentUser(requireUser(users.byId(caller.id))), privateAnswer);
  });
  app.openapi(byIdRoute, async (context) => {
    const { id } = context.req.valid('param');
    await requireReader(context, dependencies, (caller) => caller.id === id);
    return answerCacheable(context, projectUser(requireUser(users.byId(id)), now()), privateAnswer);
  });
  app.openapi(byNameRoute, async (context) => {
    const { username } = context.req.valid('param');
    await requireReader(context, dependencies, (caller) => caller.name === username);
    return answerCacheable(context, projectUser(requireUser(users.byName(username)), now()), privateAnswer);
  });
  // After /users/username/{username}, which otherwise would not match a user named "groups".
  addGroupRoute(app, dependencies);
  addSubjectRoute(app, dependencies);
  addPermissionsRoute(app, dependencies);
}

function addListRoute(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  app.openapi(listRoute, async (context) => {
    const caller = await requireCaller(context, dependencies);
    const { search } = context.req.valid('query');
    if (!(await dependencies.authorizer.mayReadAccessKeys(caller, 'list'))) throw denied(caller.name, 'list');
    const position = positionOf(context.req.valid('query'));
    await dependencies.takeTurn(caller.name, context.env.incoming);
    const { users, total } = dependencies.users.find({ search, ...position });
    const now = dependencies.now();
    return answerList(
      context,
      { sources: users, toItem: (one) => projectUser(one, now), pagination: { ...position, total } },
      privateAnswer,
    );
  });
}

const failures = { ...callerFailures, 403: forbidden(denied('alice', 'get').message) };

const listRoute = createRoute({
  ...shared,
  path: `${base}/users`,
  operationId: 'listUsers',
  summary: 'List users',
  description: 'Sorted by name. Requires permission to list accesskeys.ghippo.io in all namespaces.',
  request: {
    query: pageParameters('Users', 'Part of the name, the email address or the full name, ignoring case', 'ali'),
  },
  responses: {
    200: json(UserList, 'A page of users'),
    ...notModified,
    400: badPage,
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
  request: { params: userPath },
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

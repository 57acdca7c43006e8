/** The groups and roles of a user, and what the caller may do in the platform API. */
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { GlobalPermissions, UserGroupList, UserSubjectList } from '../../users/schema.ts';
import { requireCaller } from '../common/bearer.ts';
import { answerCacheable, privateAnswer } from '../common/cacheable.ts';
import type { Dependencies } from '../common/dependencies.ts';
import type { Environment } from '../common/environment.ts';
import { callerFailures, forbidden, json, missing, notModified } from '../common/responses.ts';
import { badPage, pageParameters, positionOf, userPath } from './page.ts';
import { denied, requireReader, requireUser } from './reader.ts';

const base = '/apis/ghippo.io/v1alpha1';
const shared = { method: 'get' as const, tags: ['Users'], security: [{ bearer: [] }] };

/** Groups have no other ID than their name. */
export function addGroupRoute(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  app.openapi(groupRoute, async (context) => {
    const { id } = context.req.valid('param');
    await requireReader(context, dependencies, (caller) => caller.id === id);
    const { groups = [] } = requireUser(dependencies.users.byId(id)).spec.user;
    const query = context.req.valid('query');
    const text = query.search.toLowerCase();
    const found = groups.filter((group) => group.toLowerCase().includes(text)).sort();
    const { page, pageSize } = positionOf(query);
    const items = found.slice((page - 1) * pageSize, page * pageSize).map((name) => ({ id: name, name }));
    return answerCacheable(context, { items, pagination: { page, pageSize, total: found.length } }, privateAnswer);
  });
}

/** The folders, workspaces and roles of the platform do not exist here. */
export function addSubjectRoute(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  app.openapi(subjectRoute, async (context) => {
    const { id } = context.req.valid('param');
    await requireReader(context, dependencies, (caller) => caller.id === id);
    requireUser(dependencies.users.byId(id));
    const pagination = { ...positionOf(context.req.valid('query')), total: 0 };
    return answerCacheable(context, { items: [], pagination }, privateAnswer);
  });
}

/** Only what this API can do: it shows its version to every user, and the users to those with the permission. */
export function addPermissionsRoute(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  app.openapi(permissionsRoute, async (context) => {
    const caller = await requireCaller(context, dependencies);
    const mayListUsers = await dependencies.authorizer.mayReadAccessKeys(caller, 'list');
    const permissions: GlobalPermissions['permissions'] = mayListUsers
      ? ['ListUser', 'GetAboutPlatform']
      : ['GetAboutPlatform'];
    return answerCacheable(context, { permissions }, privateAnswer);
  });
}

const pageResponses = {
  ...notModified,
  ...callerFailures,
  400: badPage,
  403: forbidden(denied('alice', 'get').message),
  404: missing('user not found'),
};

const groupRoute = createRoute({
  ...shared,
  path: `${base}/users/{id}/groups`,
  operationId: 'listUserGroups',
  summary: 'List the groups of a user',
  description:
    'Sorted by name. For another user, the caller needs permission to get accesskeys.ghippo.io in all namespaces.',
  request: {
    params: userPath,
    query: pageParameters('Groups', 'Part of the name, ignoring case', 'dev'),
  },
  responses: { 200: json(UserGroupList, 'A page of groups'), ...pageResponses },
});

const subjectRoute = createRoute({
  ...shared,
  path: `${base}/users/{id}/subjects`,
  operationId: 'listUserSubjects',
  summary: 'List the roles of a user in the platform',
  description:
    'Always empty: there are no roles of the platform here. For another user, the caller needs permission to get ' +
    'accesskeys.ghippo.io in all namespaces.',
  request: {
    params: userPath,
    query: pageParameters('Roles', 'Has no effect: the list is empty', 'dev'),
  },
  responses: { 200: json(UserSubjectList, 'An empty page'), ...pageResponses },
});

const permissionsRoute = createRoute({
  ...shared,
  path: `${base}/current-user/global-permissions`,
  operationId: 'getGlobalPermissions',
  summary: 'Get what the user of the token may do',
  description: 'Contains only permissions for operations of this API.',
  responses: { 200: json(GlobalPermissions, 'The permissions'), ...notModified, ...callerFailures },
});

import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { AccessKeyRecord } from '../../accesskey/model/access-key-record.ts';
import type { Caller } from '../../token/verify.ts';
import { requireCaller } from '../common/bearer.ts';
import { answerCacheable, privateAnswer } from '../common/cacheable.ts';
import type { Dependencies } from '../common/dependencies.ts';
import type { Environment } from '../common/environment.ts';
import type { TokenIssuing } from '../token/issuing.ts';
import { denied, requireUser } from '../users/reader.ts';
import { routesOf } from './description.ts';
import { readAccessTokenRequest } from './request.ts';
import { projectAccessTokens } from './schema.ts';
import { createAccessTokenService } from './service.ts';

/** Adds the access tokens of the ghippo API, for the user of the token and for other users. */
export function addAccessTokenRoutes(
  app: OpenAPIHono<Environment>,
  dependencies: Dependencies,
  tokenIssuing: TokenIssuing,
): void {
  const service = createAccessTokenService(dependencies, tokenIssuing);
  for (const owner of ['current-user', 'user'] as const) {
    const { create, list, remove } = routesOf(owner);
    for (const route of [create, list, remove]) app.openAPIRegistry.registerPath(route);

    app.post(create.getRoutingPath(), async (context) => {
      context.header('Cache-Control', 'no-store');
      const caller = await requireCaller(context, dependencies);
      const request = await readAccessTokenRequest(context);
      const target = await findTarget(context, caller);
      return context.json(await service.create({ context, caller, target }, request), 200);
    });
    app.get(list.getRoutingPath(), async (context) => {
      const caller = await requireCaller(context, dependencies);
      const target = await findTarget(context, caller);
      return answerCacheable(context, projectAccessTokens(target), privateAnswer);
    });
    app.delete(remove.getRoutingPath(), async (context) => {
      context.header('Cache-Control', 'no-store');
      const caller = await requireCaller(context, dependencies);
      const target = await findTarget(context, caller);
      await service.remove({ context, caller, target }, context.req.param(owner === 'user' ? 'aid' : 'id') ?? '');
      return context.json({}, 200);
    });

    /** @throws PlatformError 403 whether or not the user exists; 404 */
    async function findTarget(context: Context<Environment>, caller: Caller): Promise<AccessKeyRecord> {
      const id = owner === 'user' ? (context.req.param('id') ?? '') : caller.id;
      if (id !== caller.id && !(await dependencies.authorizer.mayReadAccessKeys(caller, 'get'))) {
        throw denied(caller.name, 'get');
      }
      return requireUser(dependencies.users.byId(id));
    }
  }
}

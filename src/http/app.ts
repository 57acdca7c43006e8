import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { ConnectionError, describeError, KubernetesError } from '../kube/errors.ts';
import { limitBody } from './body-limit.ts';
import { addDeploymentRoutes } from './deployment-routes.ts';
import type { Dependencies, Environment } from './environment.ts';
import { badRequest, errorBody, PlatformError } from './errors.ts';
import { requestLog } from './request-log.ts';
import { addTokenRoutes } from './token-routes.ts';

/** The platform API. Every error has the platform's form. */
export function createApp(dependencies: Dependencies): OpenAPIHono<Environment> {
  const app = new OpenAPIHono<Environment>({
    defaultHook: (result) => {
      if (!result.success) throw badRequest(result.error);
    },
  });
  app.use(requestLog(dependencies.log), limitBody());
  addTokenRoutes(app, dependencies);
  addDeploymentRoutes(app, dependencies);
  // Returned, not thrown: what notFound throws passes by the middleware, and so by the log.
  app.notFound((context) => answerError(new PlatformError('notFound', 'there is nothing at this path'), context));
  app.onError((error, context) => answerError(toPlatformError(error, context), context));
  return app;
}

function answerError(error: PlatformError, context: Context<Environment>): Response {
  if (error.challenge !== undefined) context.header('WWW-Authenticate', error.challenge);
  context.header('Cache-Control', 'no-store');
  return context.json(errorBody(error), error.status);
}

/** What is not an error of the caller's is logged, and answered without a word of what it was. */
function toPlatformError(error: Error, context: Context<Environment>): PlatformError {
  if (error instanceof PlatformError) return error;
  if (error instanceof HTTPException && error.status === 400) {
    return new PlatformError('invalidArgument', 'the request is malformed');
  }
  context.get('logFields').error = describeError(error);
  if (error instanceof ConnectionError || error instanceof KubernetesError) {
    return new PlatformError('unavailable', 'the cluster cannot be asked now, try again');
  }
  return new PlatformError('internal', 'internal error');
}

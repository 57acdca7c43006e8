import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Environment } from './environment.ts';
import { PlatformError } from './errors.ts';

/**
 * Answers 405 with Allow to every method that a path does not have (RFC 9110 section 15.5.6). To be called after the
 * routes of the path. HEAD goes where GET does.
 */
export function refuseOtherMethods(
  app: OpenAPIHono<Environment>,
  path: string,
  methods: readonly ('GET' | 'POST')[],
): void {
  const allow = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
  app.all(path, () => {
    throw new PlatformError('methodNotAllowed', `this path takes ${allow} only`, { headers: { Allow: allow } });
  });
}

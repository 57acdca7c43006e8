import type { Hono } from 'hono';
import type { Environment } from './environment.ts';
import { PlatformError } from './errors.ts';

type Routes = readonly Pick<Hono['routes'][number], 'method' | 'path'>[];

/**
 * Handles OPTIONS with 204 and Allow (RFC 9110 section 9.3.7), and unsupported methods with 405 and Allow (section 15.5.6),
 * for every path of the app. Must be called after all routes are added. Hono handles HEAD like GET. Paths whose route
 * accepts every method are not changed.
 *
 * @param routes routes whose paths are handled; default: all routes of the app
 */
export function answerOtherMethods(app: Hono<Environment>, routes: Routes = app.routes): void {
  for (const [path, methods] of methodsByPath(routes)) {
    const allow = allowOf(methods);
    app.all(path, (context) => {
      if (context.req.method === 'OPTIONS') return context.body(null, 204, { Allow: allow });
      throw new PlatformError('methodNotAllowed', `method not allowed, must be ${allow}`, {
        headers: { Allow: allow },
      });
    });
  }
}

function methodsByPath(routes: Routes): Map<string, Set<string>> {
  const methodsOf = new Map<string, Set<string>>();
  for (const { path, method } of routes) {
    if (method !== 'ALL') methodsOf.set(path, (methodsOf.get(path) ?? new Set()).add(method));
  }
  return methodsOf;
}

function allowOf(methods: ReadonlySet<string>): string {
  return [...methods].flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
}

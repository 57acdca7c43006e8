import type { Hono } from 'hono';
import type { Environment } from './environment.ts';
import { PlatformError } from './errors.ts';

type Routes = readonly Pick<Hono['routes'][number], 'method' | 'path'>[];

/**
 * Answers every method that a path does not have, for all paths that have some: OPTIONS with 204 and Allow (RFC 9110
 * section 9.3.7), others with 405 and Allow (section 15.5.6). To be called after all routes. HEAD goes where GET does; a
 * path whose route takes every method is left alone.
 *
 * @param routes those whose paths are meant; by default all of the app
 */
export function answerOtherMethods(app: Hono<Environment>, routes: Routes = app.routes): void {
  for (const [path, methods] of methodsByPath(routes)) {
    const allow = allowOf(methods);
    app.all(path, (context) => {
      if (context.req.method === 'OPTIONS') return context.body(null, 204, { Allow: allow });
      throw new PlatformError('methodNotAllowed', `this path takes ${allow} only`, { headers: { Allow: allow } });
    });
  }
}

function methodsByPath(routes: Routes): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { path, method } of routes) {
    if (method !== 'ALL') found.set(path, (found.get(path) ?? new Set()).add(method));
  }
  return found;
}

function allowOf(methods: ReadonlySet<string>): string {
  return [...methods].flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
}

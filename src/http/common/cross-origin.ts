import type { MiddlewareHandler } from 'hono';
import type { Environment } from './environment.ts';

/** What a page of another origin may send besides what every page may, and read besides what every page may. */
const requestHeaders = 'Authorization, Content-Type, If-None-Match';
const responseHeaders =
  'Age, Allow, Cache-Status, ETag, Kubernetes-Resource-Version, Retry-After, Unavailable-Clusters, WWW-Authenticate, ' +
  'X-Request-Id';
/** How long a browser may remember that it may ask, seconds. */
const maxAgeSeconds = 600;

/**
 * Lets pages of other origins use the API in a browser (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol). They
 * send their token in a header: cookies are never let through, so a page cannot use the session of the console.
 *
 * It only adds headers to what the routes answer. So whether a path is there, and what it takes, is said in one place,
 * and a preflight asks no more than OPTIONS does.
 *
 * @param allowedOrigins origins as browsers write them, or `*` alone
 */
export function shareWithOrigins(allowedOrigins: readonly string[]): MiddlewareHandler<Environment> {
  const isShared = allowedOrigins.includes('*');
  return async (context, next) => {
    await next();
    const origin = context.req.header('Origin');
    if (!isShared) context.header('Vary', 'Origin', { append: true });
    if (origin === undefined || (!isShared && !allowedOrigins.includes(origin))) return;
    context.header('Access-Control-Allow-Origin', isShared ? '*' : origin);
    const { method } = context.req;
    const isPreflight = method === 'OPTIONS' && context.req.header('Access-Control-Request-Method') !== undefined;
    if (!isPreflight) return context.header('Access-Control-Expose-Headers', responseHeaders);
    context.header('Access-Control-Allow-Methods', context.res.headers.get('Allow') ?? '');
    context.header('Access-Control-Allow-Headers', requestHeaders);
    context.header('Access-Control-Max-Age', String(maxAgeSeconds));
  };
}

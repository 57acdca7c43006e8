import type { MiddlewareHandler } from 'hono';
import type { Environment } from './environment.ts';

/** Request headers to allow and response headers to expose, in addition to the safelisted ones of CORS. */
const requestHeaders = 'Authorization, Content-Type, If-None-Match';
const responseHeaders =
  'Age, Allow, Cache-Status, ETag, Kubernetes-Resource-Version, Retry-After, Unavailable-Clusters, WWW-Authenticate, ' +
  'X-Request-Id';
/** How long a browser may cache a preflight response, seconds. */
const maxAgeSeconds = 600;

/**
 * Allows pages of other origins to use the API (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol). They send a
 * token in a header. Credentials are never allowed, so they cannot use a session of the console.
 *
 * Only adds headers to the responses of the routes, which also answer OPTIONS: paths and methods are defined once.
 *
 * @param allowedOrigins origins as browsers send them, or only `*`
 */
export function shareWithOrigins(allowedOrigins: readonly string[]): MiddlewareHandler<Environment> {
  const allowsAll = allowedOrigins.includes('*');
  return async (context, next) => {
    await next();
    const origin = context.req.header('Origin');
    if (!allowsAll) context.header('Vary', 'Origin', { append: true });
    if (origin === undefined || (!allowsAll && !allowedOrigins.includes(origin))) return;
    context.header('Access-Control-Allow-Origin', allowsAll ? '*' : origin);
    const { method } = context.req;
    const isPreflight = method === 'OPTIONS' && context.req.header('Access-Control-Request-Method') !== undefined;
    if (!isPreflight) return context.header('Access-Control-Expose-Headers', responseHeaders);
    context.header('Access-Control-Allow-Methods', context.res.headers.get('Allow') ?? '');
    context.header('Access-Control-Allow-Headers', requestHeaders);
    context.header('Access-Control-Max-Age', String(maxAgeSeconds));
  };
}

import { createMiddleware } from 'hono/factory';
import type { ConsoleEnvironment } from './environment.ts';

/** Nothing but what this server itself serves, no inline script or style, and no frame around it (CSP level 3). */
const policy = [
  "default-src 'none'",
  ...['script-src', 'style-src', 'img-src', 'connect-src', 'form-action'].map((one) => `${one} 'self'`),
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The headers of every page, also of one that says what went wrong. */
export function securityHeaders() {
  return createMiddleware<ConsoleEnvironment>(async (context, next) => {
    context.header('Content-Security-Policy', policy);
    context.header('X-Content-Type-Options', 'nosniff');
    context.header('X-Frame-Options', 'DENY');
    context.header('Referrer-Policy', 'no-referrer');
    context.header('Cross-Origin-Opener-Policy', 'same-origin');
    context.header('Cross-Origin-Resource-Policy', 'same-origin');
    // Pages are of one person, and some hold an sk; "no-transform" keeps them from being compressed (BREACH).
    context.header('Cache-Control', 'no-store, no-transform');
    await next();
  });
}

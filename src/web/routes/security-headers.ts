import { createMiddleware } from 'hono/factory';
import type { ConsoleEnvironment, PageContext } from './dependencies.ts';

/** What a page may use in addition to the files of this server. */
interface Allowed {
  /** Another origin that the page sends a form to. */
  formTarget?: string;
  /** Another source of images. */
  images?: string;
}

/** Only files of this server, no inline scripts or styles, no framing (CSP level 3). */
export function contentSecurityPolicy({ formTarget, images }: Allowed = {}): string {
  const selfAnd = (source = '') => `'self' ${source}`.trimEnd();
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src ${selfAnd(images)}`,
    "connect-src 'self'",
    `form-action ${selfAnd(formTarget)}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Sets the security headers of every page, including error pages. */
export function securityHeaders() {
  return createMiddleware<ConsoleEnvironment>(async (context, next) => {
    setSecurityHeaders(context);
    await next();
  });
}

export function setSecurityHeaders(context: PageContext): void {
  context.header('Content-Security-Policy', contentSecurityPolicy());
  context.header('X-Content-Type-Options', 'nosniff');
  context.header('X-Frame-Options', 'DENY');
  context.header('Referrer-Policy', 'no-referrer');
  context.header('Cross-Origin-Opener-Policy', 'same-origin');
  context.header('Cross-Origin-Resource-Policy', 'same-origin');
  // Pages are personal and may show an sk. no-transform prevents compression by proxies (BREACH).
  context.header('Cache-Control', 'no-store, no-transform');
}

import type { Context } from 'hono';
import { parseAccept } from 'hono/utils/accept';
import type { Environment } from '../../http/common/environment.ts';
import { PlatformError } from '../../http/common/errors.ts';
import type { Assets } from '../common/assets.ts';
import { type ErrorPage, errorPage } from '../pages/layout.ts';
import type { ConsoleEnvironment, PageContext } from './dependencies.ts';
import { describeFailure } from './failure.ts';
import { setSecurityHeaders } from './guard.ts';
import { viewOf } from './preferences.ts';

/** Responds to browsers with a page where the platform API would respond with JSON. */
export interface UnhandledPages {
  /** @returns undefined if the client does not want a page */
  notFound(context: Context<Environment>): Response | Promise<Response> | undefined;
  /** @returns undefined if the client does not want a page */
  error(error: Error, context: Context<Environment>): Response | Promise<Response> | undefined;
}

/** Paths of APIs and files: their clients never get a page, whatever they accept. */
const apiPaths = /^\/(?:apis|api|oauth2|\.well-known|assets)(?:\/|$)|^\/openapi\.json$|^\/docs\/assets\//;

export function createUnhandledPages(assets: Assets): UnhandledPages {
  function page(context: Context<Environment>, error: Error): Response | Promise<Response> | undefined {
    if (apiPaths.test(context.req.path)) return undefined;
    context.header('Vary', 'Accept', { append: true });
    if (!prefersPage(context.req.header('Accept'))) return undefined;
    return showError(error, toPageContext(context, assets));
  }
  return {
    notFound: (context) => page(context, new PlatformError('notFound', 'path not found')),
    error: (error, context) => page(context, error),
  };
}

/**
 * The error page, with the headers that the error requires, such as Allow.
 *
 * @param action the way back; default: the access keys
 */
export function showError(
  error: Error,
  context: PageContext,
  action?: ErrorPage['action'],
): Response | Promise<Response> {
  const view = context.get('view');
  const { t } = view;
  const { status, ...failure } = describeFailure(error, context);
  if (error instanceof PlatformError) {
    for (const [name, value] of Object.entries(error.headers)) context.header(name, value);
  }
  const title = t(status === 404 && error instanceof PlatformError ? 'notFoundTitle' : 'errorTitle');
  return context.html(errorPage(view, { title, ...failure, action }), status);
}

/** The middleware of the console has not run for an unknown path. */
function toPageContext(context: Context<Environment>, assets: Assets): PageContext {
  const page = context as unknown as Context<ConsoleEnvironment>;
  setSecurityHeaders(page);
  // The switches of language and theme need a page of the console to return to.
  if (!page.get('view')) page.set('view', { ...viewOf(page, assets), path: undefined });
  return page;
}

/**
 * Whether a client prefers HTML over JSON (RFC 9110 section 12.5.1). Only browsers name HTML explicitly; `*` and a missing
 * header mean an API client.
 */
export function prefersPage(accept: string | undefined): boolean {
  const accepted = parseAccept(accept ?? '');
  const quality = (...types: string[]) =>
    Math.max(0, ...accepted.filter(({ type }) => types.includes(type.toLowerCase())).map(({ q }) => q));
  const html = quality('text/html', 'application/xhtml+xml');
  return html > 0 && html >= quality('application/json');
}

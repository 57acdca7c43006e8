import type { Context } from 'hono';
import type { Environment } from '../../http/common/environment.ts';
import { PlatformError } from '../../http/common/errors.ts';
import { parseWeighted } from '../../http/common/weighted.ts';
import type { Assets } from '../common/assets.ts';
import { challenge } from '../common/challenges.ts';
import { ConsoleError } from '../common/console-error.ts';
import { deploymentsPath } from '../pages/deployment-filters.ts';
import { type ErrorPage, errorPage } from '../pages/layout.ts';
import type { ConsoleEnvironment, PageContext } from './dependencies.ts';
import { describeFailure } from './failure.ts';
import type { RecognizeVisitor } from './guard.ts';
import { viewOf } from './preferences.ts';
import { setSecurityHeaders } from './security-headers.ts';

/** Responds to browsers with a page where the platform API would respond with JSON. */
export interface UnhandledPages {
  /** @returns undefined if the client does not want a page */
  notFound(context: Context<Environment>): Response | Promise<Response> | undefined;
  /** @returns undefined if the client does not want a page */
  error(error: Error, context: Context<Environment>): Response | Promise<Response> | undefined;
}

/** Paths of APIs and files: their clients never get a page, whatever they accept. */
const apiPaths = /^\/(?:apis|api|oauth2|\.well-known|assets)(?:\/|$)|^\/openapi\.json$|^\/docs\/assets\//;

/** @param recognizeVisitor so that a page does not offer to sign in to someone who is signed in */
export function createUnhandledPages(assets: Assets, recognizeVisitor: RecognizeVisitor): UnhandledPages {
  async function show(context: PageContext, error: Error): Promise<Response> {
    if (!context.get('view').account) await recognizeVisitor(context);
    return showError(error, context);
  }

  function page(context: Context<Environment>, error: Error): Response | Promise<Response> | undefined {
    if (apiPaths.test(context.req.path)) return undefined;
    context.header('Vary', 'Accept', { append: true });
    if (!prefersPage(context.req.header('Accept'))) return undefined;
    return show(toPageContext(context, assets), error);
  }
  return {
    notFound: (context) => page(context, new PlatformError('notFound', 'path not found')),
    error: (error, context) => page(context, error),
  };
}

/**
 * The error page, with the headers that the error requires, such as Allow.
 *
 * @param action the way back; default: the list that the page belongs to
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
  // Only the token of an authenticating proxy is rejected with a page.
  else if (status === 401) challenge(context, 'proxyToken');
  const section = sectionOf(context.req.path);
  const isMissing = error instanceof PlatformError ? status === 404 : isMissingDeployment(error);
  const title = t(isMissing ? 'notFoundTitle' : 'errorTitle');
  const toDeployments =
    section === 'deployments' ? { href: deploymentsPath, label: t('backToDeployments') } : undefined;
  return context.html(errorPage(view, { title, section, ...failure, action: action ?? toDeployments }), status);
}

const isMissingDeployment = (error: Error) => error instanceof ConsoleError && error.key === 'deploymentNotFound';

/** @returns the item of the main menu to which a page belongs */
function sectionOf(path: string): ErrorPage['section'] {
  if (path.startsWith('/personal-center/')) return 'personal-center';
  return path.startsWith(`${deploymentsPath}/`) ? 'deployments' : undefined;
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
export function prefersPage(accept = ''): boolean {
  const accepted = parseWeighted(accept);
  const weightOf = (...types: string[]) =>
    Math.max(0, ...accepted.filter(({ name }) => types.includes(name)).map(({ weight }) => weight));
  const html = weightOf('text/html', 'application/xhtml+xml');
  return html > 0 && html >= weightOf('application/json');
}

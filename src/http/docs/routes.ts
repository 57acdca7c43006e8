import type { Handler, Hono } from 'hono';
import { type Asset, answerAsset } from '../common/asset.ts';
import { answerRepresentation } from '../common/cacheable.ts';
import type { Environment } from '../common/environment.ts';
import { PlatformError } from '../common/errors.ts';
import { representationOf } from '../common/representation.ts';
import { docsPage, loadAssets } from './page.ts';

/**
 * Only content of this server, no inline scripts and styles, no framing (CSP level 3). data: is for images in the style
 * sheet of Swagger UI.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const headers = {
  'Content-Security-Policy': policy,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
};

/**
 * Adds the page that shows the OpenAPI document with Swagger UI, and its files.
 *
 * @param hasConsole whether the console serves the page, in its own frame
 */
export function addDocsRoutes(app: Hono<Environment>, hasConsole: boolean): void {
  let cached: ReturnType<typeof loadDocs> | undefined;
  const docs = () => {
    cached ??= loadDocs();
    return cached;
  };

  const servePage: Handler<Environment> = (context) => {
    for (const [name, value] of Object.entries(headers)) context.header(name, value);
    return answerRepresentation(context, docs().page, { type: 'text/html; charset=utf-8', cacheControl: 'no-cache' });
  };
  if (!hasConsole) app.get('/docs', servePage);

  app.get('/docs/assets/:name', (context) => {
    const asset = docs().byName.get(context.req.param('name'));
    if (!asset) throw new PlatformError('notFound', 'path not found');
    return answerAsset(context, asset);
  });
}

/** Loads two megabytes, only when the page is first requested. */
function loadDocs() {
  const assets = loadAssets();
  const byName = new Map<string, Asset>(Object.values(assets).map((asset) => [asset.name, asset]));
  return { page: representationOf(docsPage(assets)), byName };
}

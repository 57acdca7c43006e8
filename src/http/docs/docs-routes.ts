import type { Hono } from 'hono';
import { type Asset, answerAsset } from '../common/asset.ts';
import { answerRepresentation, representationOf } from '../common/cacheable.ts';
import type { Environment } from '../common/environment.ts';
import { PlatformError } from '../common/errors.ts';
import { loadAssets } from './assets.ts';
import { docsPage } from './page.ts';

/**
 * Nothing but what this server serves: no script and no style in the page itself, no other server, no frame around it
 * (CSP level 3). data: is for the pictures in Swagger UI's style sheet.
 */
const policy = [
  "default-src 'none'",
  ...["script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'"],
  ...["form-action 'none'", "base-uri 'none'", "frame-ancestors 'none'"],
].join('; ');

const headers = {
  'Content-Security-Policy': policy,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
};

/** The page on which people read the OpenAPI document and try its requests. Everything it needs comes from here. */
export function addDocsRoutes(app: Hono<Environment>): void {
  let kept: ReturnType<typeof loadDocs> | undefined;
  const docs = () => {
    kept ??= loadDocs();
    return kept;
  };

  app.get('/docs', (context) => {
    for (const [name, value] of Object.entries(headers)) context.header(name, value);
    return answerRepresentation(context, docs().page, { type: 'text/html; charset=utf-8', cacheControl: 'no-cache' });
  });

  app.get('/docs/assets/:name', (context) => {
    const asset = docs().byName.get(context.req.param('name'));
    if (!asset) throw new PlatformError('notFound', 'there is nothing at this path');
    return answerAsset(context, asset);
  });
}

/** Two megabytes that most processes are never asked for. */
function loadDocs() {
  const assets = loadAssets();
  const byName = new Map<string, Asset>(Object.values(assets).map((asset) => [asset.name, asset]));
  return { page: representationOf(docsPage(assets)), byName };
}

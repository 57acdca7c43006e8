import type { Hono } from 'hono';
import { assetPath, loadAssets } from '../../http/docs/page.ts';
import { type DocsFiles, docsPage } from '../pages/docs.ts';
import type { ConsoleEnvironment } from './dependencies.ts';

/** Like the other pages; data: is for images in the style sheet of Swagger UI. */
const imageSources = "img-src 'self' data:";

/** The reference of the platform API. */
export function addDocsRoute(app: Hono<ConsoleEnvironment>): void {
  let files: DocsFiles | undefined;
  app.get('/docs', (context) => {
    // On the first request, because it reads two megabytes.
    files ??= docsFiles();
    const policy = context.res.headers.get('Content-Security-Policy') ?? '';
    context.header('Content-Security-Policy', policy.replace("img-src 'self'", imageSources));
    return context.html(docsPage(context.get('view'), files));
  });
}

function docsFiles(): DocsFiles {
  const assets = loadAssets();
  return {
    styles: [assetPath(assets, 'swagger-ui.css'), assetPath(assets, 'docs.css')],
    scripts: [assetPath(assets, 'swagger-ui-bundle.js'), assetPath(assets, 'start.js')],
  };
}

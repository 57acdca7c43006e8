import type { Hono } from 'hono';
import { assetPath, loadAssets } from '../../http/docs/page.ts';
import { type DocsFiles, docsPage } from '../pages/docs.ts';
import type { ConsoleEnvironment } from './dependencies.ts';
import { contentSecurityPolicy } from './security-headers.ts';

/** The reference of the platform API. */
export function addDocsRoute(app: Hono<ConsoleEnvironment>): void {
  let files: DocsFiles | undefined;
  app.get('/docs', (context) => {
    // On the first request, because it reads two megabytes.
    files ??= docsFiles();
    // The style sheet of Swagger UI contains images.
    context.header('Content-Security-Policy', contentSecurityPolicy({ images: 'data:' }));
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

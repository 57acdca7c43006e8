import type { AssetName } from '../common/assets.ts';
import type { View } from '../common/view.ts';
import { type Html, html } from './components.ts';
import { layout } from './layout.ts';

/** Paths of the files of Swagger UI, relative to the page. */
export interface DocsFiles {
  styles: readonly string[];
  scripts: readonly string[];
}

/** The reference of the platform API, in the frame of the console. */
export function docsPage(view: View, { styles, scripts }: DocsFiles): Html {
  const { t } = view;
  // Relative, as all paths that the reference needs, so that it also works under a prefix.
  const assets = { ...view.assets, path: (name: AssetName) => view.assets.path(name).slice(1) };
  return layout(
    { ...view, assets },
    {
      title: t('apiDocs'),
      section: 'docs',
      head: html`${styles.map((path) => html`<link rel="stylesheet" href="${path}">`)}
${scripts.map((path) => html`<script src="${path}" defer></script>`)}`,
      content: html`<h1 class="visually-hidden">${t('apiDocs')}</h1><div id="swagger-ui"></div>
<noscript><p class="notice">${t('docsNeedScript')} <a href="openapi.json">openapi.json</a></p></noscript>`,
    },
  );
}

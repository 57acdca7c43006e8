import type { Assets } from './assets.ts';

/** The page, with paths that are right under a prefix too. */
export function docsPage(assets: Assets): string {
  const at = (name: keyof Assets) => `docs/assets/${assets[name].name}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Access keys: API</title>
<link rel="icon" href="${at('favicon.png')}">
<link rel="stylesheet" href="${at('swagger-ui.css')}">
<link rel="stylesheet" href="${at('docs.css')}">
</head>
<body>
<main id="swagger-ui"></main>
<noscript>This page needs JavaScript; the document itself is <a href="openapi.json">openapi.json</a>.</noscript>
<script src="${at('swagger-ui-bundle.js')}"></script>
<script src="${at('start.js')}"></script>
</body>
</html>
`;
}

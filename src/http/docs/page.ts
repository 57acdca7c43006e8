import { type Asset, readAsset } from '../common/asset.ts';

const own = (name: string) => new URL(`assets/${name}`, import.meta.url);
const swagger = (name: string) => import.meta.resolve(`swagger-ui-dist/${name}`);

/** Swagger UI from its package, and the script that starts it. */
const files = {
  'swagger-ui.css': { url: swagger('swagger-ui.css'), type: 'text/css; charset=utf-8' },
  'swagger-ui-bundle.js': { url: swagger('swagger-ui-bundle.js'), type: 'text/javascript; charset=utf-8' },
  'favicon.png': { url: swagger('favicon-32x32.png'), type: 'image/png' },
  'docs.css': { url: own('docs.css'), type: 'text/css; charset=utf-8' },
  'start.js': { url: own('start.js'), type: 'text/javascript; charset=utf-8' },
};

export type Assets = Record<keyof typeof files, Asset>;

export function loadAssets(): Assets {
  const loaded = Object.entries(files).map(([name, { url, type }]) => [name, readAsset(name, url, type)]);
  return Object.fromEntries(loaded) as Assets;
}

/** @returns the path of an asset, relative to the page, so that it also works under a prefix */
export function assetPath(assets: Assets, name: keyof Assets): string {
  return `docs/assets/${assets[name].name}`;
}

/** The page without the console. Its paths are relative, so that it also works under a prefix. */
export function docsPage(assets: Assets): string {
  const at = (name: keyof Assets) => assetPath(assets, name);
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
<noscript>This page requires JavaScript. The OpenAPI document is <a href="openapi.json">openapi.json</a>.</noscript>
<script src="${at('swagger-ui-bundle.js')}"></script>
<script src="${at('start.js')}"></script>
</body>
</html>
`;
}

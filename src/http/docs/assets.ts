import { type Asset, readAsset } from '../common/asset.ts';

const own = (name: string) => new URL(`assets/${name}`, import.meta.url);
const swagger = (name: string) => import.meta.resolve(`swagger-ui-dist/${name}`);

/** What the page is made of: Swagger UI from its package, and what starts it. */
const files = {
  'swagger-ui.css': { url: swagger('swagger-ui.css'), type: 'text/css; charset=utf-8' },
  'swagger-ui-bundle.js': { url: swagger('swagger-ui-bundle.js'), type: 'text/javascript; charset=utf-8' },
  'favicon.png': { url: swagger('favicon-32x32.png'), type: 'image/png' },
  'docs.css': { url: own('docs.css'), type: 'text/css; charset=utf-8' },
  'start.js': { url: own('start.js'), type: 'text/javascript; charset=utf-8' },
};

export type Assets = Record<keyof typeof files, Asset>;

/** Reads the files once. */
export function loadAssets(): Assets {
  const loaded = Object.entries(files).map(([name, { url, type }]) => [name, readAsset(name, url, type)]);
  return Object.fromEntries(loaded) as Assets;
}

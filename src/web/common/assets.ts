import { hash } from 'node:crypto';
import type { Hono } from 'hono';
import { answerAsset, readAsset } from '../../http/common/asset.ts';

const script = 'text/javascript; charset=utf-8';
const styles = 'text/css; charset=utf-8';
const types = {
  'frame.css': styles,
  'console.css': styles,
  'console.js': script,
  'date-picker.js': script,
  'display.js': script,
  'kept-input.js': script,
  'live.js': script,
  'live-part.js': script,
  'icon.svg': 'image/svg+xml',
} as const;
export type AssetName = keyof typeof types;

/** The static files of the pages. */
export interface Assets {
  /** @returns the URL path of a file. It contains a hash of all files, so that scripts can import each other by name. */
  path(name: AssetName): string;
  // biome-ignore lint/suspicious/noExplicitAny: any Hono app, whatever its environment
  addRoutes(app: Hono<any>): void;
}

/** Reads the files once, at startup. */
export function loadAssets(): Assets {
  const assets = Object.entries(types).map(([file, type]) => ({
    file,
    asset: readAsset(file, new URL(`../assets/${file}`, import.meta.url), type),
  }));
  const version = hash('sha256', assets.map(({ asset }) => asset.name).join()).slice(0, 16);
  const path = (file: string) => `/assets/${version}/${file}`;
  return {
    path,
    addRoutes(app) {
      for (const { file, asset } of assets) app.get(path(file), (context) => answerAsset(context, asset));
    },
  };
}

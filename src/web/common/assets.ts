import type { Hono } from 'hono';
import { type Asset, answerAsset, readAsset } from '../../http/common/asset.ts';

const types = {
  'frame.css': 'text/css; charset=utf-8',
  'console.css': 'text/css; charset=utf-8',
  'console.js': 'text/javascript; charset=utf-8',
  'live.js': 'text/javascript; charset=utf-8',
  'date-picker.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;
type AssetName = keyof typeof types;

/** The static files of the pages. */
export interface Assets {
  /** @returns the URL path of a file, which contains the hash of its content */
  path(name: AssetName): string;
  // biome-ignore lint/suspicious/noExplicitAny: any Hono app, whatever its environment
  addRoutes(app: Hono<any>): void;
}

/** Reads the files once, at startup. */
export function loadAssets(): Assets {
  const load = (name: AssetName) => readAsset(name, new URL(`../assets/${name}`, import.meta.url), types[name]);
  const assets: Record<AssetName, Asset> = {
    'frame.css': load('frame.css'),
    'console.css': load('console.css'),
    'console.js': load('console.js'),
    'live.js': load('live.js'),
    'date-picker.js': load('date-picker.js'),
    'icon.svg': load('icon.svg'),
  };
  return {
    path: (name) => pathOf(assets[name]),
    addRoutes(app) {
      for (const asset of Object.values(assets)) app.get(pathOf(asset), (context) => answerAsset(context, asset));
    },
  };
}

const pathOf = ({ name }: Asset) => `/assets/${name}`;

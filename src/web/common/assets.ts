import type { Hono } from 'hono';
import { type Asset, answerAsset, readAsset } from '../../http/common/asset.ts';

const types = {
  'console.css': 'text/css; charset=utf-8',
  'console.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;
type AssetName = keyof typeof types;

/** The files that the pages are made of. */
export interface Assets {
  /** Path of a file, with the hash of its content. */
  path(name: AssetName): string;
  // biome-ignore lint/suspicious/noExplicitAny: any Hono app, whatever its environment
  addRoutes(app: Hono<any>): void;
}

/** Reads the files once, when the process starts. */
export function loadAssets(): Assets {
  const load = (name: AssetName) => readAsset(name, new URL(`../assets/${name}`, import.meta.url), types[name]);
  const loaded: Record<AssetName, Asset> = {
    'console.css': load('console.css'),
    'console.js': load('console.js'),
    'icon.svg': load('icon.svg'),
  };
  return {
    path: (name) => pathOf(loaded[name]),
    addRoutes(app) {
      for (const asset of Object.values(loaded)) app.get(pathOf(asset), (context) => answerAsset(context, asset));
    },
  };
}

const pathOf = ({ name }: Asset) => `/assets/${name}`;

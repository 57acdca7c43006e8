import type { Hono } from 'hono';
import { answerAsset, readAsset } from '../http/asset.ts';

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
  const names = Object.keys(types) as AssetName[];
  const loaded = new Map(names.map((name) => [name, load(name)]));
  const pathOf = (name: AssetName) => `/assets/${loaded.get(name)?.name}`;
  return {
    path: pathOf,
    addRoutes(app) {
      for (const asset of loaded.values()) app.get(`/assets/${asset.name}`, (context) => answerAsset(context, asset));
    },
  };
}

const load = (name: AssetName) => readAsset(name, new URL(`assets/${name}`, import.meta.url), types[name]);

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Hono } from 'hono';

const types = {
  'console.css': 'text/css; charset=utf-8',
  'console.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;
type AssetName = keyof typeof types;

/** The files that browsers keep for a year: a changed one has another name. */
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
  const pathOf = (name: AssetName) => loaded.get(name)?.path ?? '';
  return {
    path: pathOf,
    addRoutes(app) {
      for (const [name, { path, content }] of loaded) {
        app.get(path, (context) => {
          context.header('Content-Type', types[name]);
          context.header('Cache-Control', 'public, max-age=31536000, immutable');
          context.header('X-Content-Type-Options', 'nosniff');
          return context.body(content);
        });
      }
    },
  };
}

function load(name: AssetName): { path: string; content: string } {
  const content = readFileSync(new URL(`assets/${name}`, import.meta.url), 'utf8');
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  return { path: `/assets/${name.replace('.', `-${hash}.`)}`, content };
}

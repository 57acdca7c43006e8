import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const compress = promisify(gzip);

/** A file that browsers may keep for a year: a changed one has another name. */
export interface Asset {
  /** Name with the hash of the content. */
  name: string;
  type: string;
  content: Uint8Array<ArrayBuffer>;
  /** Made when it is first asked for, and kept. */
  compressed(): Promise<Uint8Array<ArrayBuffer>>;
}

const own = (name: string) => new URL(`assets/${name}`, import.meta.url).href;
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
  const loaded = Object.entries(files).map(([name, { url, type }]) => [name, load(name, url, type)]);
  return Object.fromEntries(loaded) as Assets;
}

function load(name: string, url: string, type: string): Asset {
  const content = new Uint8Array(readFileSync(fileURLToPath(url)));
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 16);
  let compressed: Promise<Uint8Array<ArrayBuffer>> | undefined;
  return {
    name: `${hash}-${name}`,
    type,
    content,
    compressed() {
      compressed ??= compress(content).then((bytes) => new Uint8Array(bytes));
      return compressed;
    },
  };
}

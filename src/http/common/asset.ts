import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Context } from 'hono';
import { acceptsGzip, compressedOnce, worthCompressing } from './cacheable.ts';

/** A file that browsers may keep for a year: a changed one has another name. */
export interface Asset {
  /** Name with the hash of the content. */
  readonly name: string;
  /** Media type. */
  readonly type: string;
  readonly content: Uint8Array<ArrayBuffer>;
  /** By gzip; made when it is first asked for, and kept. */
  compressed(): Promise<Uint8Array<ArrayBuffer>>;
}

/** Reads a file, once, with all that is answered of it. */
export function readAsset(name: string, url: URL | string, type: string): Asset {
  const content = new Uint8Array(readFileSync(new URL(url)));
  const digest = hash('sha256', content).slice(0, 16);
  return { name: `${digest}-${name}`, type, content, compressed: compressedOnce(content) };
}

/** Answers with a file; one that gets smaller by it compressed, when the client likes. */
export async function answerAsset(context: Context, asset: Asset): Promise<Response> {
  context.header('Content-Type', asset.type);
  context.header('Cache-Control', 'public, max-age=31536000, immutable');
  context.header('X-Content-Type-Options', 'nosniff');
  if (!isWorthCompressing(asset)) return context.body(asset.content);
  context.header('Vary', 'Accept-Encoding');
  if (!acceptsGzip(context.req.header('Accept-Encoding'))) return context.body(asset.content);
  context.header('Content-Encoding', 'gzip');
  return context.body(await asset.compressed());
}

/** Pictures of pixels are compressed already. */
const isWorthCompressing = ({ type, content }: Asset) => content.length >= worthCompressing && type !== 'image/png';

import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Context } from 'hono';
import { acceptsGzip, minCompressedSize } from './cacheable.ts';
import { answerBody } from './large-body.ts';
import { compressedOnce } from './representation.ts';

/** A static file that browsers may cache for a year: its name changes with its content. */
export interface Asset {
  /** Name with the hash of the content. */
  readonly name: string;
  /** Media type. */
  readonly type: string;
  readonly content: Uint8Array<ArrayBuffer>;
  /** The content compressed with gzip, cached after the first call. */
  compressed(): Promise<Uint8Array<ArrayBuffer>>;
}

/** Reads a file. */
export function readAsset(name: string, url: URL | string, type: string): Asset {
  const content = new Uint8Array(readFileSync(new URL(url)));
  const digest = hash('sha256', content).slice(0, 16);
  return { name: `${digest}-${name}`, type, content, compressed: compressedOnce(content) };
}

/** Responds with a file, compressed if that makes it smaller and the client accepts it. */
export async function answerAsset(context: Context, asset: Asset): Promise<Response> {
  context.header('Content-Type', asset.type);
  context.header('Cache-Control', 'public, max-age=31536000, immutable');
  context.header('X-Content-Type-Options', 'nosniff');
  if (!isCompressible(asset)) return answerBody(context, asset.content);
  context.header('Vary', 'Accept-Encoding');
  if (!acceptsGzip(context.req.header('Accept-Encoding'))) return answerBody(context, asset.content);
  context.header('Content-Encoding', 'gzip');
  return answerBody(context, await asset.compressed());
}

/** PNG is already compressed. */
const isCompressible = ({ type, content }: Asset) => content.length >= minCompressedSize && type !== 'image/png';

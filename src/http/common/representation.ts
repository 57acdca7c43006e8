import { createHash, hash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Context } from 'hono';
import { gzipOf } from './gzip-pieces.ts';
import { answerBody, answerPieces } from './large-body.ts';
import { pieceSize, piecesOf } from './text-pieces.ts';

const compress = promisify(gzip);

/** A text with its entity tag, as it is and compressed. */
export interface Representation {
  /** A weak entity tag. */
  readonly tag: string;
  /** Bytes of the text as UTF-8. */
  readonly size: number;
  answerPlain(context: Context): Response;
  /** Answers with the text compressed with gzip. */
  answerCompressed(context: Context): Promise<Response> | Response;
}

/** Creates a representation for repeated responses: they share the compressed text, which the first one creates. */
export function representationOf(text: string): Representation {
  const compressed = compressedOnce(text);
  return {
    tag: tagOf(hash('sha256', text, 'base64url')),
    size: Buffer.byteLength(text),
    answerPlain: (context) => answerBody(context, text),
    answerCompressed: async (context) => answerBody(context, await compressed()),
  };
}

/** Memory of a piece while a text is only hashed. */
const scratch = new Uint8Array(pieceSize);

/**
 * Creates a representation for one response. A long text is neither joined nor copied.
 *
 * @param parts the same each time they are read: for the tag, and while the client reads the response
 */
export function partedRepresentationOf(parts: Iterable<string>): Representation {
  const short = shortTextOf(parts);
  if (short !== undefined) return representationOf(short);
  const digest = createHash('sha256');
  let size = 0;
  for (const piece of piecesOf(parts, () => scratch)) {
    digest.update(piece);
    size += piece.length;
  }
  return {
    tag: tagOf(digest.digest('base64url')),
    size,
    answerPlain: (context) => answerPieces(context, piecesOf(parts), size),
    answerCompressed: (context) => answerPieces(context, gzipOf(piecesOf(parts)), undefined),
  };
}

/** Returns the joined parts if they are short enough to be sent at once: one text is faster to hash and to send. */
function shortTextOf(parts: Iterable<string>): string | undefined {
  let text = '';
  for (const part of parts) {
    text += part;
    if (text.length > pieceSize) return undefined;
  }
  return Buffer.byteLength(text) > pieceSize ? undefined : text;
}

const tagOf = (digest: string) => `W/"${digest}"`;

/** @returns a function that compresses the content with gzip, once */
export function compressedOnce(content: string | Uint8Array): () => Promise<Uint8Array<ArrayBuffer>> {
  let compressed: Promise<Uint8Array<ArrayBuffer>> | undefined;
  return () => {
    compressed ??= compress(content).then((bytes) => new Uint8Array(bytes));
    return compressed;
  };
}

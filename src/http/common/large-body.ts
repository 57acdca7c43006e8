import type { Context } from 'hono';
import { type Piece, pieceSize, piecesOf, slicesOf } from './text-pieces.ts';

/** Responds with status 200 and a body; a large one is sent in pieces, see `answerPieces`. */
export function answerBody(context: Context, body: string | Piece): Response {
  const size = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  if (size <= pieceSize) return context.body(body, 200);
  return answerPieces(context, typeof body === 'string' ? piecesOf([body]) : slicesOf(body), size);
}

/**
 * Responds with status 200 and pieces, each created and written when the client has received the previous one: whatever is
 * written is buffered for each connection, and TLS encrypts it into memory at once, so that many clients that do not read
 * could use up the memory. Nothing is read ahead, and nothing for HEAD.
 *
 * @param size of all pieces, bytes; undefined if unknown
 */
export function answerPieces(
  context: Context,
  pieces: Iterable<Piece> | AsyncIterable<Piece>,
  size: number | undefined,
): Response {
  if (size !== undefined) context.header('Content-Length', String(size));
  return context.body(ReadableStream.from(pieces) as ReadableStream<Piece>, 200);
}

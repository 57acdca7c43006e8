import type { Context } from 'hono';

/** Size of a piece; a body up to this size is written at once. Bytes. */
const pieceSize = 64 * 1024;

/**
 * Responds with status 200 and a body. A large one is written in pieces, each when the client has received the previous
 * one: whatever is written is buffered for each connection, and TLS encrypts it into memory at once, so that many clients
 * that do not read could use up the memory.
 *
 * @param encode returns the body as UTF-8, which responses may share; only called for a large one
 */
export function answerBody(
  context: Context,
  body: string | Uint8Array<ArrayBuffer>,
  encode: () => Uint8Array<ArrayBuffer> = () => encodeOf(body),
): Response {
  const size = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  if (size <= pieceSize) return context.body(body, 200);
  context.header('Content-Length', String(size));
  return context.body(inPieces(encode()), 200);
}

function encodeOf(body: string | Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return typeof body === 'string' ? new TextEncoder().encode(body) : body;
}

function inPieces(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let position = 0;
  return new ReadableStream(
    {
      pull(controller) {
        controller.enqueue(bytes.subarray(position, position + pieceSize));
        position += pieceSize;
        if (position >= bytes.length) controller.close();
      },
    },
    // Nothing is read ahead, and nothing for HEAD.
    { highWaterMark: 0 },
  );
}

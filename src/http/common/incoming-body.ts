import type { IncomingMessage } from 'node:http';
import { HTTPException } from 'hono/http-exception';
import { PlatformError } from './errors.ts';

/** Maximum size of a request body, bytes. Bodies with a key pair or a token are much smaller. */
export const maxBodySize = 65_536;

/**
 * Maximum number of pieces of a body: chunks, or parts of them that arrive separately. Each one costs as much as hundreds
 * of bytes, whatever its size.
 */
const maxPieces = 4_096;

const bodies = new WeakMap<IncomingMessage, Promise<ArrayBuffer>>();

/**
 * Reads the body of a request. Copies each piece, because many small ones take much more memory than their content.
 *
 * The rest of a body that is too large is discarded, so that the connection can be used for the next request. The request
 * timeout limits it.
 *
 * @returns the body; the same one for each call
 * @throws PlatformError 413 as soon as too many bytes or pieces have arrived
 * @throws HTTPException 400 if the client disconnects or is too slow
 */
export function readIncoming(incoming: IncomingMessage): Promise<ArrayBuffer> {
  const body = bodies.get(incoming) ?? collect(incoming);
  bodies.set(incoming, body);
  return body;
}

function collect(incoming: IncomingMessage): Promise<ArrayBuffer> {
  const { promise, resolve, reject } = Promise.withResolvers<ArrayBuffer>();
  let buffer = Buffer.allocUnsafeSlow(0);
  let size = 0;
  let pieces = 0;

  function end(settle: () => void): void {
    incoming.off('data', append).off('end', complete).off('error', abort).off('close', abort);
    settle();
  }
  function append(piece: Buffer): void {
    const start = size;
    size += piece.length;
    pieces += 1;
    if (size > maxBodySize) end(() => reject(tooLarge()));
    else if (pieces > maxPieces) end(() => reject(tooManyPieces()));
    else {
      buffer = withCapacity(buffer, size);
      piece.copy(buffer, start);
    }
  }
  const complete = () => end(() => resolve(buffer.buffer.slice(0, size)));
  const abort = () => end(() => reject(new HTTPException(400)));

  if (incoming.destroyed) abort();
  else incoming.on('data', append).on('end', complete).on('error', abort).on('close', abort);
  return promise;
}

/** @returns the buffer, or a larger one with the same content */
function withCapacity(buffer: Buffer<ArrayBuffer>, size: number): Buffer<ArrayBuffer> {
  if (size <= buffer.length) return buffer;
  const larger = Buffer.allocUnsafeSlow(Math.max(size, Math.min(2 * buffer.length, maxBodySize)));
  buffer.copy(larger);
  return larger;
}

export function tooLarge(): PlatformError {
  return new PlatformError('contentTooLarge', `the body is larger than ${maxBodySize} bytes`);
}

/** The connection is closed: reading the rest would cost as much as the part that was read. */
function tooManyPieces(): PlatformError {
  const headers = { Connection: 'close' };
  return new PlatformError('contentTooLarge', `the body has more than ${maxPieces} chunks`, { headers });
}

/** Size of a piece; a body up to this size is sent at once. Bytes. */
export const pieceSize = 64 * 1024;

export type Piece = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

/**
 * Encodes a text as UTF-8 in pieces, each when it is requested: a response that waits for its client needs the memory of
 * one piece, in addition to the parts, which responses may share.
 *
 * @param parts the text, in parts of any length
 * @param allocate returns the memory of the next piece
 */
export function* piecesOf(
  parts: Iterable<string>,
  allocate: () => Piece = () => new Uint8Array(pieceSize),
): Generator<Piece> {
  let piece = allocate();
  let filled = 0;
  for (const part of parts) {
    let rest = part;
    while (rest !== '') {
      const { read, written } = encoder.encodeInto(rest, piece.subarray(filled));
      filled += written;
      rest = rest.slice(read);
      if (rest === '') break;
      yield piece.subarray(0, filled);
      piece = allocate();
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}

/** Returns the pieces of bytes, without copying them. */
export function* slicesOf(bytes: Piece): Generator<Piece> {
  for (let start = 0; start < bytes.length; start += pieceSize) yield bytes.subarray(start, start + pieceSize);
}

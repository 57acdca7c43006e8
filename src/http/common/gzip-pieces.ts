import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';
import type { Piece } from './text-pieces.ts';

const deflate = promisify<Uint8Array, object, Buffer<ArrayBuffer>>(deflateRaw);

/** Header of a gzip file without a name and a time (RFC 1952 section 2.3). */
const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
/** An empty last block (RFC 1951 section 3.2.6). */
const lastBlock = Uint8Array.of(3, 0);
/** How far deflate refers back, bytes. */
const windowSize = 32 * 1024;

/**
 * Compresses pieces with gzip, each when it is requested. A stream of zlib would keep 256 KiB and its buffers until the
 * client has read everything. So each piece is compressed on its own, with the end of the previous one as dictionary, and
 * ends at a byte boundary: together they are one gzip file.
 */
export async function* gzipOf(pieces: Iterable<Piece>): AsyncGenerator<Piece> {
  let size = 0;
  let checksum = 0;
  let previous: Piece | undefined;
  yield header;
  for (const piece of pieces) {
    size += piece.length;
    checksum = crc32(piece, checksum);
    const dictionary = previous?.subarray(-windowSize);
    previous = piece;
    yield await deflate(piece, { finishFlush: constants.Z_SYNC_FLUSH, ...(dictionary && { dictionary }) });
  }
  yield lastBlock;
  yield new Uint8Array(Uint32Array.of(checksum, size).buffer);
}

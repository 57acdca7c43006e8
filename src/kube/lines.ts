import { ResponseTooLongError } from './errors.ts';

/** Longest line, characters. A watch event is one line with one object, which is far below it: etcd stores up to 1.5 MiB. */
const maxLength = 16 * 1024 * 1024;

/**
 * Splits a body into lines, at linear cost however small its chunks are. An incomplete last line is dropped.
 *
 * @throws ResponseTooLongError
 */
export async function* lines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  /** Pieces of the incomplete line. */
  let pieces: string[] = [];
  let length = 0;
  for await (const chunk of body) {
    const parts = decoder.decode(chunk, { stream: true }).split('\n');
    const rest = parts.pop() ?? '';
    for (const part of parts) {
      const line = [...pieces, part].join('');
      [pieces, length] = [[], 0];
      if (line !== '') yield line;
    }
    pieces.push(rest);
    length += rest.length;
    if (length > maxLength) throw new ResponseTooLongError('watch event is too long');
  }
}

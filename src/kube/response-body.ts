import { InvalidResponseError, ResponseTooLongError } from './errors.ts';

/**
 * Reads the body of a response as text (UTF-8). Stops at the limit, or a registered cluster could exhaust the memory.
 *
 * @param maxBytes longest body that is read
 * @throws ResponseTooLongError when the body is longer
 */
export async function readText(body: AsyncIterable<unknown>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new ResponseTooLongError(`response is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * @param request method and path, for the message
 * @throws InvalidResponseError in place of SyntaxError, which repeats a piece of the text, possibly of a Secret
 */
export function parseJson(text: string, request: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidResponseError(`${request}: response is not JSON`);
  }
}

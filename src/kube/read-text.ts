/**
 * Reads the body of an answer as text (UTF-8). What is longer than it may be is not read to its end: an API server that
 * somebody else runs could else fill the memory.
 *
 * @param maxBytes the longest that is read
 * @throws TypeError when there is more
 */
export async function readText(body: AsyncIterable<unknown>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new TypeError(`an answer of more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

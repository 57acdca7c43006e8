import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Context } from 'hono';
import { csvChunks, csvFileName, csvType } from '../../inventory/csv.ts';
import type { InventoryEntry } from '../../inventory/row.ts';
import { acceptsGzip, hasTag, privateAnswer } from '../common/cacheable.ts';
import type { Environment } from '../common/environment.ts';

/**
 * Responds with the inventory as CSV: with a weak entity tag (304 if it matches If-None-Match), and compressed if the client
 * accepts it. The rows are created twice, for the tag and for the body, so that at most one chunk is in memory.
 *
 * @param now milliseconds since the epoch
 */
export async function respondWithCsv(
  context: Context<Environment>,
  entries: readonly InventoryEntry[],
  now: number,
): Promise<Response> {
  const tag = await tagOf(entries, now);
  const headers = { ETag: tag, 'Cache-Control': privateAnswer, Vary: 'Accept, Accept-Encoding' };
  if (hasTag(context.req.header('If-None-Match'), tag)) return context.body(null, 304, headers);
  const stream = csvStream(entries, now);
  const content = {
    ...headers,
    'Content-Type': csvType,
    'Content-Disposition': `attachment; filename="${csvFileName}"`,
    'X-Content-Type-Options': 'nosniff',
  };
  if (!acceptsGzip(context.req.header('Accept-Encoding'))) return context.body(stream, 200, content);
  const compressed = stream.pipeThrough(new CompressionStream('gzip'));
  return context.body(compressed, 200, { ...content, 'Content-Encoding': 'gzip' });
}

/**
 * @param prefix text before the first line
 * @returns the CSV as a stream, which creates a chunk when the client has received the previous one
 */
export function csvStream(entries: readonly InventoryEntry[], now: number, prefix = ''): ReadableStream<Uint8Array> {
  const chunks = inTurns(csvChunks(entries, now), prefix);
  return ReadableStream.from(chunks).pipeThrough(new TextEncoderStream());
}

async function tagOf(entries: readonly InventoryEntry[], now: number): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of inTurns(csvChunks(entries, now))) hash.update(chunk);
  return `W/"${hash.digest('base64url')}"`;
}

/** Creates each chunk in a turn of the event loop of its own. */
async function* inTurns(chunks: Iterable<string>, prefix = ''): AsyncGenerator<string> {
  if (prefix !== '') yield prefix;
  for (const chunk of chunks) {
    yield chunk;
    await nextTurn();
  }
}

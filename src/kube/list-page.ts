import { ResponseTooLongError } from './errors.ts';
import { readText } from './response-body.ts';

/** Most objects per page of a list (chunking with limit and continue). */
export const maxPageSize = 200;
/**
 * Longest page, bytes: a page is parsed at once, which takes a multiple of its memory, and other work waits for that. A
 * longer one is requested again with half as many objects. 80 KiB for each of 200 objects are far more than most have.
 */
const maxPageBytes = 16 * 1024 * 1024;
/**
 * Longest page of a single object, bytes. etcd stores up to 1.5 MiB by default, and JSON takes up to six times as much,
 * because kube-apiserver writes `<` as `\u003c`.
 */
const maxObjectBytes = 32 * 1024 * 1024;

/** How many objects a page was requested with, and how many bytes of the list may still be read. */
interface PageLimits {
  pageSize: number;
  bytesLeft: number;
}

/**
 * Reads a page of a list. Anyone who may create objects in one namespace chooses their size, so a page that is too long
 * must not make the list fail.
 *
 * @returns undefined if it is too long: request it again with fewer objects
 * @throws ResponseTooLongError if it is longer than `bytesLeft`, or too long for one object
 */
export async function readPage(
  body: AsyncIterable<unknown>,
  { pageSize, bytesLeft }: PageLimits,
): Promise<string | undefined> {
  const maxBytes = pageSize > 1 ? maxPageBytes : maxObjectBytes;
  try {
    return await readText(body, Math.min(bytesLeft, maxBytes));
  } catch (error) {
    if (error instanceof ResponseTooLongError && pageSize > 1 && bytesLeft > maxBytes) return undefined;
    throw error;
  }
}

/**
 * Large objects are usually next to each other, in one namespace, so pages grow again after them: small objects must not
 * cost a request each.
 *
 * @param length of the page, characters; undefined if it was too long
 * @returns how many objects to request next
 */
export function nextPageSize(pageSize: number, length: number | undefined): number {
  if (length === undefined) return Math.ceil(pageSize / 2);
  return length < maxPageBytes / 4 ? Math.min(maxPageSize, pageSize * 2) : pageSize;
}

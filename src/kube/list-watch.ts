import { lines } from './lines.ts';
import { maxPageSize, nextPageSize, readPage } from './list-page.ts';
import { type ListWatchTarget, mediaType, pathWith, tableMediaType } from './list-watch-request.ts';
import { type Page, parseEvent, parseNames, parsePage, type WatchEvent } from './list-watch-response.ts';
import { charged, paced } from './pace.ts';
import type { RawObject } from './raw-object.ts';
import type { Transport, TransportRequest } from './transport.ts';

/** What a request, and each piece of its response, counts as in the pace of a transport, milliseconds. */
const [requestMs, pieceMs] = [1, 0.005];

/**
 * Lists the whole collection.
 *
 * @returns the objects and the resourceVersion to watch from
 * @throws as `listPages`
 */
export async function list(
  transport: Transport,
  target: ListWatchTarget,
  signal?: AbortSignal,
): Promise<{ items: RawObject[]; resourceVersion: string }> {
  const all: RawObject[] = [];
  let version = '';
  for await (const { items, resourceVersion } of listPages(transport, target, signal)) {
    all.push(...items);
    version = resourceVersion;
  }
  return { items: all, resourceVersion: version };
}

/**
 * Lists only the names of the objects. Anyone who may create objects in one namespace chooses their size, also that of
 * their metadata: `managedFields` names each field, and takes as long to parse as the fields themselves.
 *
 * @throws as `listPages`
 */
export async function listNames(
  transport: Transport,
  target: Omit<ListWatchTarget, 'metadataOnly'>,
  signal?: AbortSignal,
): Promise<string[]> {
  const form = { accept: tableMediaType, query: { includeObject: 'None' }, parse: parseNames };
  const names: string[] = [];
  for await (const { items } of readPages(transport, target, form, signal)) names.push(...items);
  return names;
}

/**
 * Lists the whole collection page by page, for callers that do not need whole objects: those of all pages together take
 * many times the memory of what is used of them.
 *
 * @returns the pages; the last one has the resourceVersion to watch from
 * @throws KubernetesError 410 if the continue token expired: list again
 * @throws InvalidResponseError, ResponseTooLongError, ConnectionError, or undici's error if the response is interrupted
 */
export function listPages(
  transport: Transport,
  target: ListWatchTarget,
  signal?: AbortSignal,
): AsyncGenerator<PartOfList<RawObject>> {
  const form = { accept: mediaType(target, 'list'), query: {}, parse: parsePage };
  const pages = readPages(transport, target, form, signal);
  return transport.pace ? paced(pages, transport.pace, signal) : pages;
}

type PartOfList<T> = Pick<Page<T>, 'items' | 'resourceVersion'>;

/** What the API server responds with instead of the objects of a list. */
interface ListForm<T> {
  accept: string;
  query: Readonly<Record<string, string>>;
  parse: (text: string, path: string) => Page<T>;
}

async function* readPages<T>(
  transport: Transport,
  target: ListWatchTarget,
  { accept, query, parse }: ListForm<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<PartOfList<T>> {
  const { maxBytes = Number.POSITIVE_INFINITY } = target;
  let continueToken: string | undefined = '';
  let bytesLeft = maxBytes;
  let pageSize = maxPageSize;
  while (continueToken !== undefined) {
    const page = { limit: String(pageSize), ...(continueToken && { continue: continueToken }) };
    const path = pathWith(target, { ...page, ...query });
    const response = await send(transport, { method: 'GET', path, headers: { accept }, signal });
    const text = await readPage(response.body, { pageSize, bytesLeft });
    pageSize = nextPageSize(pageSize, text?.length);
    if (text === undefined) continue;
    const { items, resourceVersion, continueToken: next } = charged(transport.pace, () => parse(text, target.path));
    bytesLeft -= Buffer.byteLength(text);
    yield { items, resourceVersion };
    continueToken = next === '' ? undefined : next;
  }
}

interface WatchStart {
  resourceVersion: string;
  /** When the API server ends the watch. */
  timeoutSeconds: number;
  idleTimeoutMs: number;
  signal: AbortSignal;
  /** Called when the API server has responded, before the first event. */
  opened?: () => void;
  /** Called with the length of each event, characters, before the event. */
  received?: (length: number) => void;
}

/**
 * Watches the collection from a resourceVersion until the API server ends the watch.
 *
 * Bookmarks are requested and arrive about once a minute, so a connection that receives nothing for `idleTimeoutMs` is dead.
 *
 * @throws KubernetesError also for an ERROR event, with its code (410: the resourceVersion is too old)
 * @throws InvalidResponseError, ResponseTooLongError, ConnectionError, or undici's error if the stream is interrupted
 */
export async function* watch(
  transport: Transport,
  target: ListWatchTarget,
  from: WatchStart,
): AsyncGenerator<WatchEvent> {
  const query = {
    watch: '1',
    allowWatchBookmarks: 'true',
    resourceVersion: from.resourceVersion,
    timeoutSeconds: String(from.timeoutSeconds),
  };
  const { idleTimeoutMs, signal } = from;
  const headers = { accept: mediaType(target, 'watch') };
  const request = { method: 'GET', path: pathWith(target, query), headers, idleTimeoutMs, signal } as const;
  const { body } = await send(transport, request);
  from.opened?.();
  for await (const line of lines(transport.pace ? paced(body, transport.pace, signal) : body)) {
    from.received?.(line.length);
    yield parseEvent(line, target.path);
  }
}

async function send(transport: Transport, request: TransportRequest): ReturnType<Transport['send']> {
  const { pace } = transport;
  if (!pace) return transport.send(request);
  await pace.turn(request.signal);
  pace.spent(requestMs);
  return transport.send({ ...request, received: () => pace.spent(pieceMs) });
}

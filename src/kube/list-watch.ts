import { ResponseTooLongError } from './errors.ts';
import { lines } from './lines.ts';
import { maxPageSize, nextPageSize, readPage } from './list-page.ts';
import { type Page, parseEvent, parsePage, type WatchEvent } from './list-watch-response.ts';
import { charged, paced } from './pace.ts';
import type { RawObject } from './raw-object.ts';
import { type ObjectReference, pathOf } from './resource.ts';
import type { Transport, TransportRequest } from './transport.ts';

/** A collection to list and watch. */
export interface ListWatchTarget {
  /** Path of the collection, for example /api/v1/secrets, see `pathOf`. */
  path: string;
  /** For example `a=b,c`. */
  labelSelector?: string;
  /** For example `metadata.name=a`. */
  fieldSelector?: string;
  /** Requests PartialObjectMetadata only. */
  metadataOnly?: boolean;
  /**
   * Longest list, all pages together, bytes; with `keep`, of the objects that it selects, characters. Default: no limit.
   *
   * A reflector also lists again when its watches have sent this much since the last list, because they may only have
   * added objects.
   */
  maxBytes?: number;
  /** Selects objects of a list that no selector of the API server can. Default: all. */
  keep?: (object: RawObject) => boolean;
}

/** @returns one object by name: RBAC allows listing and watching a single name by resourceNames */
export function targetOf({ name, ...resource }: ObjectReference): ListWatchTarget {
  return { path: pathOf(resource), fieldSelector: `metadata.name=${name}` };
}

/** What a request, and each piece of its response, counts as in the pace of a transport, milliseconds. */
const [requestMs, pieceMs] = [1, 0.005];
const metadataMediaType = {
  list: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
  watch: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
};

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
): AsyncGenerator<PartOfList> {
  const pages = readPages(transport, target, signal);
  return transport.pace ? paced(pages, transport.pace, signal) : pages;
}

type PartOfList = Pick<Page, 'items' | 'resourceVersion'>;

async function* readPages(
  transport: Transport,
  target: ListWatchTarget,
  signal: AbortSignal | undefined,
): AsyncGenerator<PartOfList> {
  const { keep, maxBytes = Number.POSITIVE_INFINITY } = target;
  let continueToken: string | undefined = '';
  let bytesLeft = maxBytes;
  let pageSize = maxPageSize;
  while (continueToken !== undefined) {
    const query = { limit: String(pageSize), ...(continueToken && { continue: continueToken }) };
    const response = await send(transport, { method: 'GET', ...requestOf(target, 'list', query), signal });
    const text = await readPage(response.body, { pageSize, bytesLeft: keep ? Number.POSITIVE_INFINITY : bytesLeft });
    pageSize = nextPageSize(pageSize, text?.length);
    if (text === undefined) continue;
    const { items, resourceVersion, continueToken: next } = charged(transport.pace, () => parsePage(text, target.path));
    const kept = keep ? items.filter(keep) : items;
    bytesLeft -= keep ? lengthOf(kept) : Buffer.byteLength(text);
    if (bytesLeft < 0) throw new ResponseTooLongError(`list is longer than ${maxBytes} bytes`);
    yield { items: kept, resourceVersion };
    continueToken = next === '' ? undefined : next;
  }
}

function lengthOf(items: readonly RawObject[]): number {
  return items.reduce((sum, item) => sum + JSON.stringify(item).length, 0);
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
  const request = { method: 'GET', ...requestOf(target, 'watch', query), idleTimeoutMs, signal } as const;
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

function requestOf(
  target: ListWatchTarget,
  kind: 'list' | 'watch',
  query: Record<string, string>,
): { path: string; headers: Record<string, string> } {
  const parameters = new URLSearchParams(query);
  if (target.labelSelector) parameters.set('labelSelector', target.labelSelector);
  if (target.fieldSelector) parameters.set('fieldSelector', target.fieldSelector);
  const accept = target.metadataOnly ? metadataMediaType[kind] : 'application/json';
  return { path: `${target.path}?${parameters}`, headers: { accept } };
}

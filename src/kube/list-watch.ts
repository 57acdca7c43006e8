import type { Dispatcher } from 'undici';
import { errorFromResponse, InvalidResponseError, ResponseTooLongError } from './errors.ts';
import { parseJson, readText } from './response-body.ts';
import type { Transport } from './transport.ts';

/** An object as the API server sends it, with all fields. */
export interface RawObject {
  metadata: { name: string; namespace?: string; resourceVersion: string; [field: string]: unknown };
  [field: string]: unknown;
}

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  object: RawObject;
}

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
  /** Longest list, all pages together, bytes; with `keep`, longest page. Default: no limit. */
  maxBytes?: number;
  /** Selects objects of a list that no selector of the API server can. Default: all. */
  keep?: (object: RawObject) => boolean;
}

/** Objects per page of a list (chunking with limit and continue). */
const pageSize = 200;
/** Longest watch event, characters. One object is far below it: etcd stores up to 1.5 MiB. */
const maxEventLength = 16 * 1024 * 1024;

const metadataMediaType = {
  list: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
  watch: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
};

interface Page {
  items: RawObject[];
  resourceVersion: string;
  continueToken: string;
}

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
export async function* listPages(
  transport: Transport,
  target: ListWatchTarget,
  signal?: AbortSignal,
): AsyncGenerator<Pick<Page, 'items' | 'resourceVersion'>> {
  const { keep, maxBytes = Number.POSITIVE_INFINITY } = target;
  let continueToken = '';
  let bytesLeft = maxBytes;
  do {
    const query = { limit: String(pageSize), ...(continueToken && { continue: continueToken }) };
    const response = await transport.send({ method: 'GET', ...requestOf(target, 'list', query), signal });
    const text = await readText(response.body, bytesLeft);
    if (!keep) bytesLeft -= Buffer.byteLength(text);
    const { items, resourceVersion, continueToken: next } = parsePage(text, target.path);
    yield { items: keep ? items.filter(keep) : items, resourceVersion };
    continueToken = next;
  } while (continueToken);
}

/** Validates the page: a broken proxy may respond 200 with anything, and an empty list would clear the store. */
function parsePage(text: string, path: string): Page {
  const page = parseJson(text, `LIST ${path}`) as { metadata?: Record<string, unknown>; items?: unknown } | null;
  const { resourceVersion, continue: continueToken = '' } = page?.metadata ?? {};
  // Go encodes a nil slice as null.
  const items = page?.items === null ? [] : page?.items;
  if (!isVersion(resourceVersion) || typeof continueToken !== 'string') {
    throw new InvalidResponseError(`LIST ${path}: response has no valid resourceVersion`);
  }
  if (!Array.isArray(items) || !items.every(isObject))
    throw new InvalidResponseError(`LIST ${path}: response is not a list`);
  return { items, resourceVersion, continueToken };
}

function isObject(value: unknown): value is RawObject {
  const { metadata } = (value ?? {}) as { metadata?: Record<string, unknown> };
  const { name, namespace = '', resourceVersion } = metadata ?? {};
  return typeof name === 'string' && typeof namespace === 'string' && isVersion(resourceVersion);
}

/** Opaque, but must be safe in a header, because our own responses contain it. */
function isVersion(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,128}$/.test(value);
}

interface WatchStart {
  resourceVersion: string;
  /** When the API server ends the watch. */
  timeoutSeconds: number;
  idleTimeoutMs: number;
  signal: AbortSignal;
  /** Called when the API server has responded, before the first event. */
  opened?: () => void;
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
  const response = await transport.send({ method: 'GET', ...requestOf(target, 'watch', query), idleTimeoutMs, signal });
  from.opened?.();
  for await (const line of lines(response.body)) yield parseEvent(line, target.path);
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

function parseEvent(line: string, path: string): WatchEvent {
  const what = `WATCH ${path}`;
  const event = parseJson(line, what) as { type?: string; object?: RawObject & { code?: number } } | null;
  if (event?.type === 'ERROR') {
    throw errorFromResponse(what, { status: event.object?.code ?? 500, body: JSON.stringify(event.object ?? {}) });
  }
  // A bookmark has only a resourceVersion.
  const isValid =
    event?.type === 'BOOKMARK' ? isVersion(event.object?.metadata?.resourceVersion) : isObject(event?.object);
  if (!isEventType(event?.type) || !event?.object || !isValid)
    throw new InvalidResponseError(`${what}: response is not a watch event`);
  return { type: event.type, object: event.object };
}

function isEventType(type: string | undefined): type is WatchEvent['type'] {
  return type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED' || type === 'BOOKMARK';
}

/** Splits a body into lines, at linear cost however small its chunks are. */
async function* lines(body: Dispatcher.ResponseData['body']): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  /** Pieces of the incomplete line. */
  let pieces: string[] = [];
  let length = 0;
  for await (const chunk of body) {
    const parts = decoder.decode(chunk as Uint8Array, { stream: true }).split('\n');
    const rest = parts.pop() ?? '';
    for (const part of parts) {
      const line = [...pieces, part].join('');
      [pieces, length] = [[], 0];
      if (line !== '') yield line;
    }
    pieces.push(rest);
    length += rest.length;
    if (length > maxEventLength) throw new ResponseTooLongError('watch event is too long');
  }
}

import type { Dispatcher } from 'undici';
import { errorFromAnswer, InvalidResponseError, ResponseTooLongError } from './errors.ts';
import { parseJson, readText } from './response-body.ts';
import type { Transport } from './transport.ts';

/** An object as the API server sends it. */
export interface RawObject {
  metadata: { name: string; namespace?: string; resourceVersion: string; [field: string]: unknown };
  [field: string]: unknown;
}

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  object: RawObject;
}

/** What is listed and watched. */
export interface ListWatchTarget {
  /** Path of the collection, for example /api/v1/secrets. */
  path: string;
  /** Selector in the API's grammar, for example `a=b,c`. */
  labelSelector?: string;
  /** Selector over fields, for example `metadata.name=a`, which RBAC's resourceNames can allow. */
  fieldSelector?: string;
  /** Ask for PartialObjectMetadata only. */
  metadataOnly?: boolean;
  /** The most that a list may be, all pages together, bytes; by default as much as comes. */
  maxBytes?: number;
}

/** Objects in one page of a list (API convention: chunking with limit and continue). */
const pageSize = 200;
/** The longest line of a watch, bytes: etcd holds objects of 1.5 MiB, JSON may be somewhat larger. */
const maxLineBytes = 16 * 1024 * 1024;

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
 * Lists the whole collection, page by page.
 *
 * @returns the objects and the resourceVersion to watch from
 * @throws KubernetesError 410 when the continue token has expired on the way: list anew
 * @throws TypeError for an answer that is no list, or too much; ConnectionError, or undici's error, when it breaks off
 */
export async function list(
  transport: Transport,
  target: ListWatchTarget,
  signal?: AbortSignal,
): Promise<{ items: RawObject[]; resourceVersion: string }> {
  const items: RawObject[] = [];
  let continueToken = '';
  let bytesLeft = target.maxBytes ?? Number.POSITIVE_INFINITY;
  for (;;) {
    const query = { limit: String(pageSize), ...(continueToken && { continue: continueToken }) };
    const answer = await transport.send({ method: 'GET', ...requestOf(target, 'list', query), signal });
    const text = await readText(answer.body, bytesLeft);
    bytesLeft -= Buffer.byteLength(text);
    const page = parsePage(text, target.path);
    for (const item of page.items) items.push(item);
    continueToken = page.continueToken;
    if (!continueToken) return { items, resourceVersion: page.resourceVersion };
  }
}

/** Looks at what came, since a proxy may answer 200 with anything, and what is taken for an empty list deletes all. */
function parsePage(text: string, path: string): Page {
  const page = parseJson(text, `LIST ${path}`) as { metadata?: Record<string, unknown>; items?: unknown } | null;
  const { resourceVersion, continue: continueToken = '' } = page?.metadata ?? {};
  // Go writes null for a slice that is nil.
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

/** Opaque text, but such that it can stand in a header: we tell it to others. */
function isVersion(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,128}$/.test(value);
}

interface WatchStart {
  resourceVersion: string;
  timeoutSeconds: number;
  idleTimeoutMs: number;
  signal: AbortSignal;
  opened?: () => void;
}

/**
 * Watches the collection from a resourceVersion until the API server ends the watch.
 *
 * Bookmarks are asked for, about one a minute comes, so a silence longer than `idleTimeoutMs` means a dead connection.
 *
 * @param from.timeoutSeconds when the API server ends the watch
 * @param from.opened called when the API server has answered, before the first event
 * @throws KubernetesError for an ERROR event too, with its code (410: the resourceVersion is too old)
 * @throws ConnectionError, TypeError, or undici's error, when the stream breaks, falls silent or is garbled
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
  const answer = await transport.send({ method: 'GET', ...requestOf(target, 'watch', query), idleTimeoutMs, signal });
  from.opened?.();
  for await (const line of lines(answer.body)) yield parseEvent(line, target.path);
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
    throw errorFromAnswer(what, event.object?.code ?? 500, JSON.stringify(event.object ?? {}), undefined);
  }
  // A bookmark is about no object, it only has a resourceVersion.
  const sound =
    event?.type === 'BOOKMARK' ? isVersion(event.object?.metadata?.resourceVersion) : isObject(event?.object);
  if (!isEventType(event?.type) || !event?.object || !sound)
    throw new InvalidResponseError(`${what}: response is not a watch event`);
  return { type: event.type, object: event.object };
}

function isEventType(type: string | undefined): type is WatchEvent['type'] {
  return type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED' || type === 'BOOKMARK';
}

/** Each byte is looked at once, however small the pieces are in which a long line comes. */
async function* lines(body: Dispatcher.ResponseData['body']): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let begun: string[] = [];
  let length = 0;
  for await (const chunk of body) {
    const parts = decoder.decode(chunk as Uint8Array, { stream: true }).split('\n');
    const rest = parts.pop() ?? '';
    for (const part of parts) {
      const line = [...begun, part].join('');
      [begun, length] = [[], 0];
      if (line !== '') yield line;
    }
    begun.push(rest);
    length += rest.length;
    if (length > maxLineBytes) throw new ResponseTooLongError('watch event is too long');
  }
}

import { errorFromResponse, InvalidResponseError } from './errors.ts';
import { isRawObject, isResourceVersion, type RawObject } from './raw-object.ts';
import { parseJson } from './response-body.ts';

/** A page of a list. */
export interface Page {
  items: RawObject[];
  resourceVersion: string;
  continueToken: string;
}

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  object: RawObject;
}

/**
 * Validates the page: a broken proxy may respond 200 with anything, and an empty list would clear the store.
 *
 * @param path of the collection, for the error
 * @throws InvalidResponseError
 */
export function parsePage(text: string, path: string): Page {
  const page = parseJson(text, `LIST ${path}`) as { metadata?: Record<string, unknown>; items?: unknown } | null;
  const { resourceVersion, continue: continueToken = '' } = page?.metadata ?? {};
  // Go encodes a nil slice as null.
  const items = page?.items === null ? [] : page?.items;
  if (!isResourceVersion(resourceVersion) || typeof continueToken !== 'string') {
    throw new InvalidResponseError(`LIST ${path}: response has no valid resourceVersion`);
  }
  if (!Array.isArray(items) || !items.every(isRawObject))
    throw new InvalidResponseError(`LIST ${path}: response is not a list`);
  return { items, resourceVersion, continueToken };
}

/**
 * @param line one line of a watch
 * @param path of the collection, for the error
 * @throws KubernetesError for an ERROR event, with its code
 * @throws InvalidResponseError
 */
export function parseEvent(line: string, path: string): WatchEvent {
  const what = `WATCH ${path}`;
  const event = parseJson(line, what) as { type?: string; object?: RawObject & { code?: number } } | null;
  if (event?.type === 'ERROR') {
    throw errorFromResponse(what, { status: event.object?.code ?? 500, body: JSON.stringify(event.object ?? {}) });
  }
  // A bookmark has only a resourceVersion.
  const isValid =
    event?.type === 'BOOKMARK'
      ? isResourceVersion(event.object?.metadata?.resourceVersion)
      : isRawObject(event?.object);
  if (!isEventType(event?.type) || !event?.object || !isValid)
    throw new InvalidResponseError(`${what}: response is not a watch event`);
  return { type: event.type, object: event.object };
}

function isEventType(type: string | undefined): type is WatchEvent['type'] {
  return type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED' || type === 'BOOKMARK';
}

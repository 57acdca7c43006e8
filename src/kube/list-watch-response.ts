import { errorFromResponse, InvalidResponseError } from './errors.ts';
import { isRawObject, isResourceVersion, type RawObject } from './raw-object.ts';
import { parseJson } from './response-body.ts';

/** A page of a list. */
export interface Page<T> {
  items: T[];
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
export function parsePage(text: string, path: string): Page<RawObject> {
  const { fields, position } = parseFields(text, path);
  // Go encodes a nil slice as null.
  const items = fields.items === null ? [] : fields.items;
  if (!Array.isArray(items) || !items.every(isRawObject))
    throw new InvalidResponseError(`LIST ${path}: response is not a list`);
  return { items, ...position };
}

/**
 * Like `parsePage`, for a Table of meta.k8s.io/v1.
 *
 * @returns the values of the column with the format `name`
 */
export function parseNames(text: string, path: string): Page<string> {
  const { fields, position } = parseFields(text, path);
  const { columnDefinitions, rows } = fields as { columnDefinitions?: unknown; rows?: unknown };
  const column = Array.isArray(columnDefinitions) ? columnDefinitions.findIndex((one) => one?.format === 'name') : -1;
  const items = Array.isArray(rows) ? rows.map((row) => row?.cells?.[column]) : rows === null ? [] : undefined;
  if (!items?.every((one) => typeof one === 'string'))
    throw new InvalidResponseError(`LIST ${path}: response is not a table with names`);
  return { items, ...position };
}

function parseFields(text: string, path: string) {
  const fields = (parseJson(text, `LIST ${path}`) ?? {}) as Record<string, unknown>;
  const { resourceVersion, continue: continueToken = '' } = (fields.metadata ?? {}) as Record<string, unknown>;
  if (!isResourceVersion(resourceVersion) || typeof continueToken !== 'string') {
    throw new InvalidResponseError(`LIST ${path}: response has no valid resourceVersion`);
  }
  return { fields, position: { resourceVersion, continueToken } };
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

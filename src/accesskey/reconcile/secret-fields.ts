/** Fields of a Secret: which ones differ from what was sent, and who manages them. Names are those of the API server. */
import type { SecretObject } from '../../credential/secret-record.ts';

/** The fields of a create or of a merge patch. Values of `data` are in base64, those of `stringData` are not. */
export interface SentSecret {
  metadata?: Pick<NonNullable<SecretObject['metadata']>, 'ownerReferences'> & {
    labels?: Readonly<Record<string, string | null>>;
    annotations?: Readonly<Record<string, string | null>>;
  };
  type?: string;
  data?: Readonly<Record<string, string | null>>;
  stringData?: Readonly<Record<string, string>>;
}

export const labelField = (name: string) => `metadata.labels[${name}]`;
export const annotationField = (name: string) => `metadata.annotations[${name}]`;
export const dataField = (key: string) => `data[${key}]`;

export function isDataField(field: string): boolean {
  return field.startsWith('data[');
}

/** @returns the value that was sent for a label or an annotation; undefined for another field */
export function sentValue({ metadata }: SentSecret, field: string): string | null | undefined {
  const [kind, name = ''] = splitField(field);
  const values = { 'metadata.labels': metadata?.labels, 'metadata.annotations': metadata?.annotations };
  return Object.hasOwn(values, kind) ? values[kind as keyof typeof values]?.[name] : undefined;
}

/** @returns the fields of `sent` that `stored` does not have as they were sent; null means absent */
export function differingFields(sent: SentSecret, stored: SecretObject): string[] {
  const { labels, annotations, ownerReferences = [] } = sent.metadata ?? {};
  const data = { ...sent.data, ...encode(sent.stringData) };
  const owners = stored.metadata?.ownerReferences ?? [];
  const hasOwners = ownerReferences.every(({ uid, controller }) =>
    owners.some((one) => one.uid === uid && one.controller === controller),
  );
  return [
    ...differing(labels, stored.metadata?.labels).map(labelField),
    ...differing(annotations, stored.metadata?.annotations).map(annotationField),
    ...differing(data, stored.data).map(dataField),
    ...(sent.type === undefined || sent.type === stored.type ? [] : ['type']),
    ...(hasOwners ? [] : ['metadata.ownerReferences']),
  ];
}

/**
 * The field manager that last set a field, according to `metadata.managedFields`.
 *
 * @returns undefined if none manages it, for example because the field was removed
 */
export function managerOfField({ metadata }: SecretObject, field: string): string | undefined {
  const path = pathOf(field);
  const managing = (metadata?.managedFields ?? []).filter(({ fieldsV1 }) => hasPath(fieldsV1, path));
  return managing.sort((a, b) => (a.time ?? '').localeCompare(b.time ?? '')).at(-1)?.manager;
}

function differing(sent: Readonly<Record<string, string | null>> = {}, stored: Record<string, string> = {}): string[] {
  const isStored = ([name, value]: [string, string | null]) =>
    value === null ? !Object.hasOwn(stored, name) : Object.hasOwn(stored, name) && stored[name] === value;
  return Object.entries(sent)
    .filter((member) => !isStored(member))
    .map(([name]) => name);
}

function encode(values: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
}

/** `metadata.labels[a.b/c]` is the path metadata, labels, a.b/c. */
function pathOf(field: string): string[] {
  const [parent, name] = splitField(field);
  return [...parent.split('.'), ...(name === undefined ? [] : [name])];
}

function splitField(field: string): [parent: string, name?: string] {
  const bracket = field.indexOf('[');
  return bracket < 0 ? [field] : [field.slice(0, bracket), field.slice(bracket + 1, -1)];
}

/** @param fields a FieldsV1, which has the prefix `f:` before each name */
function hasPath(fields: unknown, path: readonly string[]): boolean {
  let at = fields;
  for (const name of path) {
    const member = `f:${name}`;
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, member)) return false;
    at = (at as Record<string, unknown>)[member];
  }
  return true;
}

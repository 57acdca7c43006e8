/** An object as the API server sends it, with all fields. */
export interface RawObject {
  metadata: {
    name: string;
    namespace?: string;
    resourceVersion: string;
    managedFields?: ManagedFieldsEntry[];
    [field: string]: unknown;
  };
  [field: string]: unknown;
}

/** What a field manager has last written, and when (meta/v1, ManagedFieldsEntry). */
export interface ManagedFieldsEntry {
  manager?: string;
  operation?: string;
  subresource?: string;
  /** RFC 3339, whole seconds. */
  time?: string;
  fieldsV1?: FieldsV1;
}

/** `f:<name>` is a field, `k:<keys>` an item of a list map, `.` the object itself. */
export interface FieldsV1 {
  [path: string]: FieldsV1 | undefined;
}

/** Checks only the fields that every object has. */
export function isRawObject(value: unknown): value is RawObject {
  const { metadata } = (value ?? {}) as { metadata?: Record<string, unknown> };
  const { name, namespace = '', resourceVersion } = metadata ?? {};
  return isPathSegment(name) && isPathSegment(namespace) && isResourceVersion(resourceVersion);
}

/** No name contains a slash (IsValidPathSegmentName of apimachinery), so `namespace/name` identifies one object. */
function isPathSegment(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('/');
}

/** Checks a resourceVersion: opaque, but must be safe in a header, because our own responses contain it. */
export function isResourceVersion(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,128}$/.test(value);
}

import { type ObjectReference, pathOf } from './resource.ts';

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
   * Longest list, all pages together, bytes. Default: no limit.
   *
   * A reflector also lists again when its watches have sent this much since the last list, because they may only have
   * added objects.
   */
  maxBytes?: number;
}

/** @returns one object by name: RBAC allows listing and watching a single name by resourceNames */
export function targetOf({ name, ...resource }: ObjectReference): ListWatchTarget {
  return { path: pathOf(resource), fieldSelector: `metadata.name=${name}` };
}

const metadataMediaType = {
  list: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
  watch: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
};
/** A list as `kubectl get` prints it. */
export const tableMediaType = 'application/json;as=Table;g=meta.k8s.io;v=v1';

/** @returns the path of the collection with a query that selects the objects */
export function pathWith(target: ListWatchTarget, query: Record<string, string>): string {
  const parameters = new URLSearchParams(query);
  if (target.labelSelector) parameters.set('labelSelector', target.labelSelector);
  if (target.fieldSelector) parameters.set('fieldSelector', target.fieldSelector);
  return `${target.path}?${parameters}`;
}

/** What to accept of a list or a watch. */
export function mediaType({ metadataOnly }: ListWatchTarget, kind: 'list' | 'watch'): string {
  return metadataOnly ? metadataMediaType[kind] : 'application/json';
}

import type { ManagedFieldsEntry, RawObject } from '../../kube/raw-object.ts';
import { compareText } from '../../kube/sorted-list.ts';
import { apiFieldManager, consoleFieldManager } from './field-managers.ts';
import { parseTime } from './time.ts';

/** The annotation with the last change that the operator made for a user (accesskey/change/last-change.ts). */
export const lastChangeAnnotation = 'ghippo.io/last-changed-by';

/** Field managers of the changes that the operator makes for users. */
const ownManagers: ReadonlySet<string> = new Set([consoleFieldManager, apiFieldManager]);

/** Greatest difference of the clocks that set the two times of one write, milliseconds. */
const statusWriteSkewMs = 60_000;

/** The last write to anything but the status. */
export interface LastWrite {
  /** RFC 3339, whole seconds. */
  updatedAt: string;
  /** The field manager, for example `kubectl-edit`. */
  updatedWith?: string;
  /** The user for whom the operator made this write; for writes of others, only the cluster's audit log has the user. */
  updatedBy?: string;
}

/** The API server records the time of each field manager's last change. */
export function lastWriteOf({
  creationTimestamp,
  managedFields = [],
  annotations = {},
}: RawObject['metadata']): LastWrite {
  const entries = managedFields.filter(({ subresource, time }) => !subresource && time);
  const last = entries.sort(compareWrites).at(-1);
  const updatedAt = last?.time ?? String(creationTimestamp);
  const manager = last?.manager;
  const actor = ownManagers.has(manager ?? '') ? actorIn(annotations as Record<string, string>, updatedAt) : undefined;
  return {
    updatedAt,
    ...(manager !== undefined && { updatedWith: manager }),
    ...(actor !== undefined && { updatedBy: actor }),
  };
}

/**
 * The earlier write first. Times in this format sort as text. They are whole seconds: of two writes in one second, that of
 * the operator counts as the later one, because its annotation says what was changed.
 */
function compareWrites(a: ManagedFieldsEntry, b: ManagedFieldsEntry): number {
  const rank = ({ time = '', manager = '' }: ManagedFieldsEntry) => `${time} ${ownManagers.has(manager) ? 1 : 0}`;
  return compareText(rank(a), rank(b));
}

/** @returns the actor, unless the annotation is about an earlier change */
function actorIn({ [lastChangeAnnotation]: text }: Record<string, string>, updatedAt: string): string | undefined {
  // The annotation is missing in most AccessKeys, and a caught exception is costly.
  if (text === undefined) return undefined;
  try {
    const { time, actor } = JSON.parse(text) as { time?: unknown; actor?: unknown };
    const difference = (parseTime(String(time)) ?? 0) - (parseTime(updatedAt) ?? 0);
    return typeof actor === 'string' && Math.abs(difference) <= statusWriteSkewMs ? actor : undefined;
  } catch {
    // An administrator has changed the annotation.
    return undefined;
  }
}

/** What the watch cache keeps of a Secret. Pure. */
import { accessKeyLabel, annotations, keyPairLabel, managedBy } from './secret-format.ts';
import { type SecretObject, type SecretRecord, toSecretRecord } from './secret-record.ts';
import { parseTemplateNames } from './secret-template.ts';

const ownLabels = [managedBy.label, accessKeyLabel, keyPairLabel];
const ownAnnotations = Object.values(annotations);
/** Labels, or annotations, of any name that are kept, characters in total. */
const maxOthersLength = 16 * 1024;
/** Other data keys that are kept. */
const maxOtherKeys = 100;
/** Longest `<AccessKey>/<pair>`, characters: both are names of objects. A longer mark has no effect. */
const maxMarkLength = 2 * 253 + 1;

/**
 * Converts a Secret to its cached record. Anyone who may create Secrets in one namespace chooses their number and size, and
 * every replica caches those of all namespaces, so it keeps little that decides nothing:
 *
 * - Of a Secret that no AccessKey controls, which has no valid key pair: its identity and version, whether it is being
 *   deleted, and the mark with which it can be adopted.
 * - Otherwise, the labels and annotations of the operator and those that come from the spec; all of them only if they are
 *   small. The names of 100 other data keys.
 */
export function toCachedSecret(raw: SecretObject): SecretRecord {
  const record = toSecretRecord(raw);
  if (record.ownerUID === undefined) {
    const { namespace, name, uid, resourceVersion } = record;
    return toSecretRecord({ metadata: { namespace, name, uid, resourceVersion, ...restOf(raw) }, type: record.type });
  }
  const template = parseTemplateNames(record.annotations[annotations.template]);
  return {
    ...record,
    labels: limited(record.labels, [...ownLabels, ...template.labels]),
    annotations: limited(record.annotations, [...ownAnnotations, ...template.annotations]),
    otherKeys: record.otherKeys.slice(0, maxOtherKeys),
  };
}

function restOf({ metadata }: SecretObject): SecretObject['metadata'] {
  const { [annotations.adopt]: mark = '' } = metadata?.annotations ?? {};
  return {
    ...(metadata?.deletionTimestamp !== undefined && { deletionTimestamp: metadata.deletionTimestamp }),
    ...(mark !== '' && mark.length <= maxMarkLength && { annotations: { [annotations.adopt]: mark } }),
  };
}

/** @returns all values if they are small, otherwise those with the names */
function limited(values: Readonly<Record<string, string>>, names: readonly string[]): Readonly<Record<string, string>> {
  const entries = Object.entries(values);
  if (entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0) <= maxOthersLength) return values;
  const kept = new Set(names);
  return Object.fromEntries(entries.filter(([name]) => kept.has(name)));
}

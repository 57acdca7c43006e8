/** Delays writes to fields that do not keep their value. Pure. */
import { annotations } from '../../credential/secret-format.ts';
import type { SecretRecord } from '../../credential/secret-record.ts';
import { type AccessKeyRecord, type KeyPairSpec, pairStatusOf } from '../model/access-key-record.ts';
import { isPlacement, type PairAction, type WritingAction } from './actions.ts';
import { desiredMetadata, hasDesiredData, metadataPatch } from './desired-secret.ts';
import type { HeldFields } from './overrides.ts';
import { annotationField, isDataField, labelField } from './secret-fields.ts';

type Fields = ReadonlySet<string>;

/**
 * Replaces a step that would only write held fields. A step that also writes another field is kept, so that a change of
 * the spec or a repair does not wait for an unrelated field.
 */
export function hold(accessKey: AccessKeyRecord, action: PairAction, held: HeldFields): PairAction {
  if (isPlacement(action)) {
    const fields = action.from && held.get(action.from.name);
    if (!action.from || !fields) return action;
    const isRotationHeld = hasData(fields) || hasLostFacts(accessKey, action.pair, action.from, fields);
    return isRotationHeld ? { ...action, rotation: undefined } : action;
  }
  const fields = held.get(action.secret.name);
  const { pair, secret, kind } = action;
  if (!fields || kind === 'keep' || kind === 'hold' || !isHeld(accessKey, action, fields)) return action;
  return { kind: 'hold', pair, secret, instead: kind };
}

function isHeld(accessKey: AccessKeyRecord, action: WritingAction, fields: Fields): boolean {
  const { pair, secret } = action;
  if (action.kind === 'rotate' && hasLostFacts(accessKey, pair, secret, fields)) return true;
  // A generated pair needs both values, and the annotations that name their keys.
  if (action.kind !== 'update') return hasData(fields) || dataKeyAnnotations.some((one) => fields.has(one));
  const { facts } = action;
  const patch = metadataPatch(secret, desiredMetadata(accessKey, pair, facts)) ?? { labels: {}, annotations: {} };
  const changed = [
    ...Object.keys(patch.labels).map(labelField),
    ...Object.keys(patch.annotations).map(annotationField),
  ];
  return changed.every((one) => fields.has(one)) && (hasDesiredData(pair, secret, facts) || hasData(fields));
}

const dataKeyAnnotations = [annotations.akKey, annotations.skKey].map(annotationField);
/** What the annotations say about the pair; the status takes precedence once it has the pair. */
export const factAnnotations = [annotations.revision, annotations.generatedAt].map(annotationField);

/**
 * Whether a rotation only seems to be due: the status does not have the last one yet, and the annotations that say so did
 * not last.
 */
function hasLostFacts(accessKey: AccessKeyRecord, pair: KeyPairSpec, secret: SecretRecord, fields: Fields): boolean {
  const isRecorded = pairStatusOf(accessKey, pair.name)?.accessKey === secret.pair?.ak;
  return !isRecorded && factAnnotations.some((one) => fields.has(one));
}

function hasData(fields: Fields): boolean {
  return [...fields].some(isDataField);
}

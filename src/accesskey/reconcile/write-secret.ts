/** The steps for a Secret that exists: keep it, or write the desired content into it. */
import { annotations } from '../../credential/secret-format.ts';
import { isReplaced } from '../model/pair-facts.ts';
import type { ResolvedAction, SecretAction, WritingAction } from './actions.ts';
import { planAdoption } from './adoption.ts';
import { dataPatch, desiredData, desiredMetadata, metadataPatch } from './desired-secret.ts';
import type { PairOutcome } from './outcome.ts';
import type { Scope } from './scope.ts';
import { type ContentChange, contentFor } from './secret-content.ts';
import {
  annotationField,
  dataField,
  differingFields,
  isDataField,
  managerOfField,
  sentValue,
} from './secret-fields.ts';

/** Nothing to write; but another pair in the Secret is reported, with the field manager that wrote it. */
export async function keep({ api, accessKey }: Scope, { pair, secret }: SecretAction): Promise<PairOutcome> {
  const outcome = { pair, secretName: secret.name, secret };
  if (!isReplaced({ accessKey, pair, secret })) return { ...outcome, change: 'none' };
  const fetched = await api.read(secret.namespace, secret.name);
  return {
    ...outcome,
    change: 'replaced',
    manager: fetched && managerOfField(fetched.raw, dataField(secret.dataKeys.ak)),
  };
}

export async function writeContent({ api, accessKey, now }: Scope, action: WritingAction): Promise<PairOutcome> {
  const { pair, secret } = action;
  const fetched = await api.readUnchanged(secret);
  const { values, facts, ...change } = contentFor({ accessKey, action, fetched, now });
  const metadata = metadataPatch(secret, desiredMetadata(accessKey, pair, facts));
  const patch = { ...(metadata && { metadata }), data: dataPatch(secret, desiredData(pair, values)) };
  const { record, reverted } = await api.patch(secret, patch);
  const changed = differingFields(patch, fetched.raw);
  const repaired = repairs(change, changed).map((field) => ({
    field,
    value: sentValue(patch, field),
    manager: managerOfField(fetched.raw, field),
  }));
  const write = { repaired, reverted };
  const isPairReverted = reverted.some(isDataField);
  const outcome = { pair, secretName: secret.name, secret: record, ...(!isPairReverted && { facts }), write };
  // If admission reverted the change, there is no change to report.
  return isPairReverted || changed.every((one) => reverted.includes(one))
    ? { ...outcome, change: 'none', ...(isPairReverted && action.kind === 'rotate' && { overridden: true }) }
    : { ...outcome, ...change };
}

/** The fields that the write repairs: a rotation none, because their values were right; a new pair the invalid values. */
function repairs(change: ContentChange, changed: readonly string[]): readonly string[] {
  if (change.change === 'rotated') return [];
  return change.change === 'regenerated' && change.malformed.length > 0 ? change.malformed.map(dataField) : changed;
}

/** A pair that is to be recovered is not where the annotations say, so the cached one must not get into the status. */
export function heldOutcome({ pair, secret, instead }: SecretAction & { kind: 'hold' }): PairOutcome {
  const shown = instead === 'recover' ? {} : { secret };
  return { pair, secretName: secret.name, ...shown, change: 'none', ...(instead !== 'update' && { overridden: true }) };
}

export async function adopt(
  { api, accessKey, now }: Scope,
  { pair, secretName, fetched }: ResolvedAction & { kind: 'adopt' },
): Promise<PairOutcome> {
  const { facts, patch } = planAdoption({ accessKey, pair, fetched, now });
  const { record, reverted } = await api.patch(fetched.record, patch);
  const manager = managerOfField(fetched.raw, annotationField(annotations.adopt));
  return { pair, secretName, secret: record, facts, change: 'adopted', manager, write: { repaired: [], reverted } };
}

/** The steps for a Secret that exists: keep it, or write the desired content into it. */
import { annotations } from '../../credential/secret-format.ts';
import { pairStatusOf } from '../model/access-key-record.ts';
import { isReplaced } from '../model/pair-facts.ts';
import type { ResolvedAction, SecretAction, WritingAction } from './actions.ts';
import { planAdoption } from './adoption.ts';
import { dataPatch, desiredData, desiredMetadata, metadataPatch } from './desired-secret.ts';
import { readSource } from './move-source.ts';
import type { PairOutcome } from './outcome.ts';
import type { Scope } from './scope.ts';
import { type Content, type ContentChange, contentFor } from './secret-content.ts';
import { StaleCacheError } from './secret-errors.ts';
import {
  annotationField,
  dataField,
  differingFields,
  isDataField,
  managerOfField,
  sentValue,
} from './secret-fields.ts';

/** Nothing to write; but another pair in the Secret is reported, with the field manager that wrote it. */
export async function keep(scope: Scope, action: SecretAction): Promise<PairOutcome> {
  const { api, accessKey } = scope;
  const { pair, secret } = action;
  await sourceFor(scope, action);
  const outcome = { pair, secretName: secret.name, secret };
  if (!isReplaced({ accessKey, pair, secret })) return { ...outcome, change: 'none' };
  const fetched = await api.read(secret.namespace, secret.name);
  return {
    ...outcome,
    change: 'replaced',
    manager: fetched && managerOfField(fetched.raw, dataField(secret.dataKeys.ak)),
  };
}

export async function writeContent(scope: Scope, action: WritingAction): Promise<PairOutcome> {
  const { api, accessKey, now } = scope;
  const { pair, secret } = action;
  const fetched = await api.readUnchanged(secret);
  const source = await sourceFor(scope, action);
  const { values, facts, ...change } = contentFor({ accessKey, action, fetched, source, now });
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

/**
 * The pair may be in the Secret that the status names.
 *
 * @throws StaleCacheError if that one has another pair than this Secret, to which the pair has moved
 */
async function sourceFor(scope: Scope, { kind, pair, secret }: SecretAction): Promise<Content | undefined> {
  const known = pairStatusOf(scope.accessKey, pair.name);
  if (known?.accessKey === undefined || known.secretName === secret.name) return undefined;
  const source = await readSource(scope, { pair, secretName: secret.name });
  if (kind === 'recover' || source === undefined || source.values.current.ak === secret.pair?.ak) return source;
  throw new StaleCacheError(`key pair ${pair.name} has been rotated in Secret ${known.secretName}`);
}

/**
 * The fields that the write repairs: a rotation none, because their values were right; a new pair the invalid values.
 */
function repairs(change: ContentChange, changed: readonly string[]): readonly string[] {
  if (change.change === 'rotated') return [];
  return change.change === 'regenerated' && change.malformed.length > 0 ? change.malformed.map(dataField) : changed;
}

/** A pair that is to be recovered is not where the annotations say, so the cached one must not get into the status. */
export function heldOutcome({ pair, secret, instead }: SecretAction & { kind: 'hold' }): PairOutcome {
  const shown = instead === 'recover' ? {} : { secret };
  return { pair, secretName: secret.name, ...shown, change: 'none', ...(instead !== 'update' && { overridden: true }) };
}

/** The status names the Secret first: without that, nothing would show after a crash that it holds the pair. */
export function announceAdoption({ pair, secretName }: ResolvedAction & { kind: 'adopt' }): PairOutcome {
  const message = `Secret ${secretName} is adopted next; the former key pair is deleted`;
  return { pair, secretName, change: 'none', adopts: true, problem: { reason: 'SecretTerminating', message } };
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

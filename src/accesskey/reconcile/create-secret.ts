import { type AccessKeyRecord, pairStatusOf } from '../model/access-key-record.ts';
import { newRevision } from '../model/pair-facts.ts';
import type { Placement } from './actions.ts';
import { desiredData, desiredMetadata } from './desired-secret.ts';
import { readSource } from './move-source.ts';
import type { PairOutcome } from './outcome.ts';
import type { Scope } from './scope.ts';
import { type Content, newContent } from './secret-content.ts';
import { isDataField } from './secret-fields.ts';

type Create = Pick<Placement, 'pair' | 'secretName'>;

/** Creates the Secret of a pair. A pair that moves keeps its keys; otherwise new keys are generated. */
export async function createSecret(scope: Scope, action: Create): Promise<PairOutcome> {
  const { api, accessKey, now } = scope;
  const { pair, secretName } = action;
  const source = await readSource(scope, action);
  const { values, facts } = source ?? newContent({ ...pair, revision: newRevision(accessKey, pair) }, undefined, now);
  const metadata = desiredMetadata(accessKey, pair, facts);
  const data = desiredData(pair, values);
  const { record, reverted } = await api.create({ accessKey, name: secretName, metadata, data });
  const write = { repaired: [], reverted };
  const sent = reverted.some(isDataField) ? {} : { facts };
  return { pair, secretName, secret: record, ...sent, ...changeOf(accessKey, action, source), write };
}

function changeOf(
  accessKey: AccessKeyRecord,
  { pair }: Create,
  source: Content | undefined,
): Pick<PairOutcome, 'change' | 'lostSecretName'> {
  if (source) return { change: 'moved' };
  const known = pairStatusOf(accessKey, pair.name);
  return known?.accessKey === undefined ? { change: 'created' } : { change: 'lost', lostSecretName: known.secretName };
}

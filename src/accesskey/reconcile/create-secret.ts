import type { FetchedSecret } from '../../credential/secret-record.ts';
import { type AccessKeyRecord, pairStatusOf } from '../model/access-key-record.ts';
import { newRevision } from '../model/pair-facts.ts';
import type { Placement } from './actions.ts';
import { desiredData, desiredMetadata } from './desired-secret.ts';
import type { PairOutcome } from './outcome.ts';
import { readOwnSecrets, type Scope } from './scope.ts';
import { type Content, contentToMove, newContent } from './secret-content.ts';
import { isDataField } from './secret-fields.ts';

type Create = Pick<Placement, 'pair' | 'secretName' | 'from'>;

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
  if (known?.accessKey === undefined || known.removed) return { change: 'created' };
  return { change: 'lost', lostSecretName: known.secretName };
}

/**
 * Reads the content of the former Secret: the cached one, else the one in the status, else any other. The Secret to create
 * does not exist; whoever calls this knows that already.
 */
async function readSource(scope: Scope, action: Create): Promise<Content | undefined> {
  const { api, accessKey } = scope;
  const name = action.from?.name ?? pairStatusOf(accessKey, action.pair.name)?.secretName ?? action.secretName;
  const fetched = name === action.secretName ? undefined : await api.read(accessKey.namespace, name);
  return (fetched && contentIn(scope, action, fetched)) ?? findSource(scope, action);
}

/**
 * Looks in all Secrets of the AccessKey. The cache can be behind, and the status too if the response to the last write was
 * lost. With generation 1 the spec has never changed, so the pair cannot be in another Secret.
 */
async function findSource(scope: Scope, action: Create): Promise<Content | undefined> {
  const { accessKey } = scope;
  if (accessKey.generation === 1) return undefined;
  const all = (await readOwnSecrets(scope)).flatMap((fetched) => contentIn(scope, action, fetched) ?? []);
  const known = pairStatusOf(accessKey, action.pair.name)?.accessKey;
  return all.find(({ values }) => values.current.ak === known) ?? all[0];
}

function contentIn({ accessKey, now }: Scope, { pair }: Create, fetched: FetchedSecret): Content | undefined {
  return contentToMove({ accessKey, pair, fetched, now });
}

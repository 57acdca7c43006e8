import { managedBy } from '../../credential/secret-format.ts';
import type { LiveSecret, SecretRecord } from '../../credential/secret-record.ts';
import { type AccessKeyRecord, pairStatusOf } from '../model/access-key-record.ts';
import type { Move } from './actions.ts';
import { desiredData, desiredMetadata, labelsOf } from './desired-secret.ts';
import type { PairOutcome } from './outcome.ts';
import type { Scope } from './scope.ts';
import { type Content, contentToMove, newContent } from './secret-content.ts';

type Create = Pick<Move, 'pair' | 'secretName' | 'from'>;

/** The Secret that a pair moves from, and the content to move. */
interface Source {
  record: SecretRecord;
  content: Content;
}

/** Creates the Secret of a pair, with the pair of its former Secret if it moves, else with a new pair. */
export async function createSecret(scope: Scope, action: Create): Promise<PairOutcome> {
  const { api, accessKey, now } = scope;
  const { pair, secretName } = action;
  const source = await readSource(scope, action);
  // Without our label the former Secret is not watched, so no later plan would remove it.
  if (source && !isWatched(source.record)) {
    await api.patch(source.record, { metadata: { labels: labelsOf(accessKey, pair), annotations: {} } });
  }
  const { values, facts } = source?.content ?? newContent(pair, undefined, now);
  const metadata = desiredMetadata(accessKey, pair, facts);
  const secret = await api.create({ accessKey, name: secretName, metadata, data: desiredData(pair, values) });
  return { pair, secretName, secret, ...changeOf(accessKey, action, source) };
}

function changeOf(
  accessKey: AccessKeyRecord,
  { pair }: Create,
  source: Source | undefined,
): Pick<PairOutcome, 'change' | 'lostSecretName'> {
  if (source) return { change: 'moved' };
  const known = pairStatusOf(accessKey, pair.name);
  return known?.accessKey === undefined ? { change: 'created' } : { change: 'lost', lostSecretName: known.secretName };
}

function isWatched({ labels }: SecretRecord): boolean {
  return labels[managedBy.label] === managedBy.value;
}

/** Reads the former Secret: the cached one, else the one in the status, which may have lost its labels, else any other. */
async function readSource(scope: Scope, action: Create): Promise<Source | undefined> {
  const { api, accessKey } = scope;
  const name = action.from?.name ?? pairStatusOf(accessKey, action.pair.name)?.secretName;
  const live = name === undefined ? undefined : await api.read(accessKey.namespace, name);
  return (live && sourceIn(scope, action, live)) ?? findSource(scope, action);
}

/**
 * Lists the Secrets of the AccessKey. The cache can be behind, and the status too if the response to the last write was
 * lost. Under the first generation of the spec the pair cannot be in another Secret.
 */
async function findSource(scope: Scope, action: Create): Promise<Source | undefined> {
  const { api, accessKey } = scope;
  if (accessKey.generation === 1) return undefined;
  const all = (await api.list(accessKey)).flatMap((live) => sourceIn(scope, action, live) ?? []);
  const known = pairStatusOf(accessKey, action.pair.name)?.accessKey;
  return all.find(({ content }) => content.values.pair.ak === known) ?? all[0];
}

function sourceIn({ accessKey, now }: Scope, { pair }: Create, live: LiveSecret): Source | undefined {
  const content = contentToMove({ accessKey, pair, live, now });
  return content && { record: live.record, content };
}

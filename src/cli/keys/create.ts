import { addPair } from '../../accesskey/change/edit-pairs.ts';
import { accessKeys, kind, toAccessKeyRecord } from '../../accesskey/model/access-key-record.ts';
import { ifFound, isStatus } from '../../kube/errors.ts';
import { printable } from '../../kube/printable.ts';
import type { RawObject } from '../../kube/raw-object.ts';
import { resources } from '../../kube/resource.ts';
import { retryOnConflict } from '../../kube/retry-on-conflict.ts';
import { type Cluster, withCluster } from '../common/cluster.ts';
import type { CliContext } from '../common/context.ts';
import { CliError } from '../common/failure.ts';
import { nameOf } from '../common/output.ts';
import { choosePair, parsePairReference } from '../common/pair-reference.ts';
import { type AccessKeyClient, createAccessKeyClient } from './access-key-client.ts';
import type { ChangeFlags, WaitFlags } from './change-flags.ts';
import { requireUnmanaged } from './conflicts.ts';
import { explainEdit } from './edit-error.ts';
import { type PairFlags, pairOfFlags } from './pair-flags.ts';
import { report } from './report.ts';
import { printSecret, readKeyPair } from './show-secret.ts';
import { waitForRotation } from './wait.ts';

export interface CreateFlags extends ChangeFlags, WaitFlags, PairFlags {
  user?: string;
  group?: string[];
  /** Names of ServiceAccounts of the namespace. */
  serviceAccount?: string[];
  /** Also prints ak and sk. */
  showSecret?: boolean;
}

/** Name of the key pair of a new AccessKey if none is given. */
const defaultPair = 'main';

/** Creates an AccessKey with a key pair, or adds a key pair to an AccessKey, and prints the result. */
export function create(context: CliContext, flags: CreateFlags, reference: string): Promise<void> {
  if (flags.showSecret && flags.dryRun !== 'none') throw new CliError('--show-secret cannot be used with --dry-run');
  if (flags.showSecret && flags.output !== undefined) throw new CliError('--show-secret cannot be used with --output');
  const { name, pair } = parsePairReference(reference);
  return withCluster(context, flags, async (cluster) => {
    const client = createAccessKeyClient(cluster, flags.dryRun, context);
    const existing = pair === undefined ? undefined : await ifFound(client.read(name));
    const created = { name, pair: pair ?? defaultPair };
    const object = existing
      ? await retryOnConflict(() => add(client, flags, created))
      : await client.create(await newAccessKey(cluster, flags, created)).catch(explainExisting(name));
    const text = existing ? `key pair ${name}/${created.pair} created` : `${nameOf(object)} created`;
    // With -o and --wait, the object is printed with what the operator has added to it.
    const isPrintedLater = flags.wait === true && flags.output !== undefined && flags.dryRun === 'none';
    // With --show-secret, standard output has only the key pair, for `> laptop.env`.
    const stdout = flags.showSecret ? context.stderr : context.stdout;
    if (isPrintedLater) context.stderr.write(`${printable(text)}\n`);
    else await report({ stdout }, flags, { text, object });
    const finished = await finish(context, cluster, flags, { object, pair: created.pair });
    if (isPrintedLater) await report(context, flags, { text, object: finished });
  });
}

interface NewPair {
  name: string;
  pair: string;
}

async function add(client: AccessKeyClient, flags: CreateFlags, { name, pair }: NewPair): Promise<RawObject> {
  if (flags.user !== undefined || flags.group !== undefined || flags.serviceAccount !== undefined) {
    throw new CliError(`AccessKey "${name}" exists, so --user, --group and --service-account cannot be set`);
  }
  const fetched = await client.read(name);
  const edit = { title: `key pair ${name}/${pair}`, pair, action: 'add' } as const;
  if (!flags.forceConflicts) requireUnmanaged(fetched.managedFields, edit);
  try {
    return await client.replaceKeyPairs(fetched, addPair(fetched, pairOfFlags(pair, flags)));
  } catch (error) {
    throw explainEdit(error, name);
  }
}

async function newAccessKey(cluster: Cluster, flags: CreateFlags, { name, pair }: NewPair): Promise<object> {
  const user = { name: flags.user ?? (await ownName(cluster)), ...(flags.group && { groups: flags.group }) };
  return {
    apiVersion: accessKeys.apiVersion,
    kind,
    metadata: { name, namespace: cluster.namespace },
    spec: {
      user,
      keyPairs: [pairOfFlags(pair, flags)],
      ...(flags.serviceAccount && { serviceAccounts: flags.serviceAccount }),
    },
  };
}

interface SelfSubjectReview {
  status?: { userInfo?: { username?: string } };
}

/** @returns the name of the user of the kubeconfig, as the API server knows it */
async function ownName({ client }: Cluster): Promise<string> {
  const { status } = await client.create<SelfSubjectReview>(resources.selfSubjectReviews, {});
  const name = status?.userInfo?.username;
  if (!name) throw new CliError('the API server does not know your user name; set --user');
  return name;
}

function explainExisting(name: string) {
  return (error: unknown): never => {
    if (!isStatus(error, 409)) throw error;
    const hint = `kubectl accesskey create ${name}/PAIR adds a key pair to it`;
    throw new CliError(`AccessKey "${name}" already exists`, { hint, cause: error });
  };
}

/** @returns the object, after a wait as it is then */
async function finish(
  context: CliContext,
  cluster: Cluster,
  { wait, timeout, showSecret, dryRun, output }: CreateFlags,
  { object, pair }: { object: RawObject; pair: string },
): Promise<RawObject> {
  if (dryRun !== 'none') return object;
  const title = `${object.metadata.name}/${pair}`;
  const isAwaited = wait || showSecret;
  const finished = isAwaited ? await waitForRotation(context, cluster, { object, pair, title, timeout }) : object;
  if (showSecret) {
    const accessKey = toAccessKeyRecord(finished);
    printSecret(context, await readKeyPair(context, cluster, accessKey, choosePair(accessKey, pair)));
  }
  if (!showSecret && output === undefined) {
    const command = printable(`kubectl accesskey get ${title} -n ${cluster.namespace} --show-secret`);
    context.stderr.write(`hint: ${command} prints ak and sk\n`);
  }
  return finished;
}

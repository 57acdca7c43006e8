import { applyAction, type KeyPairEdit } from '../../accesskey/change/edit-pairs.ts';
import { printable } from '../../kube/printable.ts';
import type { RawObject } from '../../kube/raw-object.ts';
import { retryOnConflict } from '../../kube/retry-on-conflict.ts';
import { type Cluster, withCluster } from '../common/cluster.ts';
import type { CliContext } from '../common/context.ts';
import { choosePair, parsePairReference } from '../common/pair-reference.ts';
import { type CurrentAccessKey, createAccessKeyClient } from './access-key-client.ts';
import type { ChangeFlags, WaitFlags } from './change-flags.ts';
import { readClusterTime } from './cluster-time.ts';
import { requireUnmanaged } from './conflicts.ts';
import { explainEdit } from './edit-error.ts';
import { requireUnused, requireUnusedPrevious } from './in-use.ts';
import { report } from './report.ts';
import { waitForRotation } from './wait.ts';

export interface PairChangeFlags extends ChangeFlags, Partial<WaitFlags> {
  /** Stops a pair, or for a rotation the previous one, that was used within the last hour. */
  inUse?: boolean;
  /** For a rotation: hours, minutes and seconds. */
  overlap?: string;
}

export interface PairChange {
  /** `NAME` or `NAME/PAIR` */
  reference: string;
  action: Exclude<KeyPairEdit, 'edit'>;
  /** Message of success after the name of the pair. */
  done: string;
  /** What was changed, before the name of the pair. */
  subject?: string;
}

/** Changes one key pair of an AccessKey and prints the result. */
export function changePair(context: CliContext, flags: PairChangeFlags, change: PairChange): Promise<void> {
  return withCluster(context, flags, async (cluster) => {
    const { object, title, pair } = await retryOnConflict(() => apply(context, cluster, flags, change));
    const text = `${change.subject ?? 'key pair'} ${title} ${change.done}`;
    if (flags.wait !== true || flags.dryRun !== 'none') return report(context, flags, { text, object });
    // The change is stored, also if the wait is interrupted; repeating the rotation would end its overlap.
    context.stderr.write(`${printable(text)}\n`);
    const wait = { object, pair, title, timeout: flags.timeout ?? '' };
    const rotated = await waitForRotation(context, cluster, wait);
    await report(context, flags, { text: `key pair ${title} rotated`, object: rotated });
  });
}

interface Applied {
  object: RawObject;
  /** `NAME/PAIR` */
  title: string;
  pair: string;
}

async function apply(
  context: CliContext,
  cluster: Cluster,
  flags: PairChangeFlags,
  change: PairChange,
): Promise<Applied> {
  const client = createAccessKeyClient(cluster, flags.dryRun, context);
  const { name, pair: given } = parsePairReference(change.reference);
  const fetched = await client.read(name);
  const pair = choosePair(fetched, given).name;
  const title = `${name}/${pair}`;
  const now = await readClusterTime(context, cluster, name);
  requireChangeable(fetched, flags, { ...change, pair, title, now });
  const keyPairs = plan(fetched, flags, { ...change, pair, now });
  return { object: await client.replaceKeyPairs(fetched, keyPairs), title, pair };
}

function requireChangeable(
  fetched: CurrentAccessKey,
  { forceConflicts, inUse, overlap }: PairChangeFlags,
  { action, pair, title, now }: { action: PairChange['action']; pair: string; title: string; now: number },
): void {
  if (!forceConflicts)
    requireUnmanaged(fetched.managedFields, {
      title: `key pair ${title}`,
      pair,
      action,
      setsOverlap: overlap !== undefined,
    });
  const stops = action === 'disable' || action === 'delete';
  if (stops && !inUse) requireUnused(fetched, [pair], now);
  if (action === 'rotate' && !inUse) requireUnusedPrevious(fetched, pair, now);
}

function plan(
  fetched: CurrentAccessKey,
  { overlap }: PairChangeFlags,
  { pair, action, now }: PairChange & { pair: string; now: number },
) {
  try {
    return applyAction(fetched, pair, action, { overlap, now });
  } catch (error) {
    throw explainEdit(error, fetched.name);
  }
}

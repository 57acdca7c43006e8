import { retryOnConflict } from '../../kube/retry-on-conflict.ts';
import { withCluster } from '../common/cluster.ts';
import type { CliContext } from '../common/context.ts';
import { nameOf } from '../common/output.ts';
import { parsePairReference } from '../common/pair-reference.ts';
import { createAccessKeyClient } from './access-key-client.ts';
import { changePair, type PairChangeFlags } from './change-pair.ts';
import { readClusterTime } from './cluster-time.ts';
import { requireUnmanagedObject } from './conflicts.ts';
import { requireUnusedObject } from './in-use.ts';
import { report } from './report.ts';

/** Deletes a key pair (`NAME/PAIR`), or an AccessKey with all its key pairs (`NAME`), and prints the result. */
export function remove(context: CliContext, flags: PairChangeFlags, reference: string): Promise<void> {
  const { name, pair } = parsePairReference(reference);
  if (pair !== undefined) return changePair(context, flags, { reference, action: 'delete', done: 'deleted' });
  return withCluster(context, flags, async (cluster) => {
    const client = createAccessKeyClient(cluster, flags.dryRun, context);
    const { raw } = await retryOnConflict(async () => {
      const fetched = await client.read(name);
      if (!flags.forceConflicts) requireUnmanagedObject(fetched.managedFields, name);
      if (!flags.inUse) requireUnusedObject(fetched, await readClusterTime(context, cluster, name));
      await client.remove(fetched);
      return fetched;
    });
    await report(context, flags, { text: `${nameOf(raw)} deleted`, object: raw });
  });
}

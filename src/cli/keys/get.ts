import type { ClusterFlags } from '../common/cluster.ts';
import { withCluster } from '../common/cluster.ts';
import type { CliContext } from '../common/context.ts';
import { CliError } from '../common/failure.ts';
import { formatObject, type ObjectFormat, withoutManagedFields } from '../common/output.ts';
import { choosePair, parsePairReference } from '../common/pair-reference.ts';
import { styleFor } from '../common/style.ts';
import { type CurrentAccessKey, createAccessKeyClient } from './access-key-client.ts';
import { describe } from './describe.ts';
import { list } from './list.ts';
import { printSecret, readKeyPair } from './show-secret.ts';

export interface GetFlags extends ClusterFlags {
  output?: ObjectFormat;
  /** Prints ak and sk instead. */
  showSecret?: boolean;
  /** Without a name: those of all namespaces. */
  allNamespaces?: boolean;
}

/** As `get` with a name, else as `list`. */
export function getOrList(context: CliContext, flags: GetFlags, reference: string | undefined): Promise<void> {
  if (reference !== undefined) {
    if (flags.allNamespaces) throw new CliError('--all-namespaces cannot be used with NAME');
    return get(context, flags, reference);
  }
  if (flags.showSecret) throw new CliError('--show-secret requires NAME or NAME/PAIR');
  return list(context, { output: 'table', ...flags });
}

/** Prints an AccessKey in words or as an object, or the ak and sk of a key pair. */
export function get(context: CliContext, flags: GetFlags, reference: string): Promise<void> {
  const { name, pair } = parsePairReference(reference);
  if (flags.showSecret && flags.output !== undefined) throw new CliError('--show-secret cannot be used with --output');
  return withCluster(context, flags, async (cluster) => {
    const fetched = await createAccessKeyClient(cluster, 'none', context).read(name);
    if (flags.showSecret) {
      printSecret(context, await readKeyPair(context, cluster, fetched, choosePair(fetched, pair)));
      return;
    }
    const chosen = pair === undefined ? undefined : choosePair(fetched, pair).name;
    context.stdout.write(await textOf(context, flags, fetched, chosen));
  });
}

async function textOf(
  context: CliContext,
  { output }: GetFlags,
  current: CurrentAccessKey,
  pair: string | undefined,
): Promise<string> {
  if (output !== undefined) return formatObject(withoutManagedFields(current.raw), output);
  const style = styleFor(context.stdout, context);
  return `${describe(current, { now: context.now(), style, pair }).join('\n')}\n`;
}

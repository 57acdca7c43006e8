import { accessKeys, toAccessKeyRecord } from '../../accesskey/model/access-key-record.ts';
import { list as listObjects, watch } from '../../kube/list-watch.ts';
import { printable } from '../../kube/printable.ts';
import type { RawObject } from '../../kube/raw-object.ts';
import { pathOf } from '../../kube/resource.ts';
import { type Cluster, type ClusterFlags, withCluster } from '../common/cluster.ts';
import type { CliContext } from '../common/context.ts';
import { formatObject, type ObjectFormat, type TableFormat, withoutManagedFields, withType } from '../common/output.ts';
import { styleFor } from '../common/style.ts';
import { type Cell, formatRows, widthsOf } from '../common/table.ts';
import { headerOf, type RowOptions, rowsOf } from './pair-rows.ts';

export interface ListFlags extends ClusterFlags {
  allNamespaces?: boolean;
  selector?: string;
  watch?: boolean;
  output: TableFormat | ObjectFormat;
}

/** Prints AccessKeys, and with `--watch` their changes until the signal aborts. */
export function list(context: CliContext, flags: ListFlags): Promise<void> {
  return withCluster(context, flags, async (cluster) => {
    const target = targetOf(cluster, flags);
    const { items, resourceVersion } = await listObjects(cluster.transport, target, context.signal);
    const printer = createPrinter(context, flags);
    await printer.all(items);
    if (flags.watch) await follow({ context, cluster, target, resourceVersion, print: printer.changed });
    else if (items.length === 0) context.stderr.write(`${emptyMessage(cluster, flags)}\n`);
  });
}

function targetOf({ namespace }: Cluster, { allNamespaces, selector }: ListFlags) {
  const path = pathOf({ ...accessKeys, ...(!allNamespaces && { namespace }) });
  return { path, ...(selector !== undefined && { labelSelector: selector }) };
}

function emptyMessage({ namespace }: Cluster, { allNamespaces }: ListFlags): string {
  return allNamespaces ? 'No access keys found' : `No access keys found in ${printable(namespace)} namespace.`;
}

interface Printer {
  all(items: readonly RawObject[]): Promise<void>;
  changed(item: RawObject): Promise<void>;
}

function createPrinter(context: CliContext, flags: ListFlags): Printer {
  const { output } = flags;
  return output === 'table' || output === 'wide' ? tablePrinter(context, flags) : objectPrinter(context, output, flags);
}

function tablePrinter(context: CliContext, { output, allNamespaces = false }: ListFlags): Printer {
  const style = styleFor(context.stdout, context);
  const options = (): RowOptions => ({ now: context.now(), style, wide: output === 'wide', allNamespaces });
  /** Known with the first rows, which a watch may get later. */
  let widths: number[] | undefined;
  const rows = (items: readonly RawObject[]) => items.flatMap((one) => rowsOf(toAccessKeyRecord(one), options()));
  const print = (cells: Cell[][]) => {
    if (cells.length === 0) return;
    const table = widths === undefined ? [headerOf(options()), ...cells] : cells;
    widths ??= widthsOf(table);
    for (const line of formatRows(table, widths)) context.stdout.write(`${line}\n`);
  };
  return {
    all: async (items) => print(rows(items)),
    changed: async (item) => print(rows([item])),
  };
}

function objectPrinter({ stdout }: CliContext, format: ObjectFormat, flags: ListFlags): Printer {
  let isFirst = true;
  /** At once, so that a reader that ends after the first line does not interrupt the list. */
  const print = async (objects: readonly object[]) => {
    const texts = await Promise.all(objects.map((one) => formatObject(one, format)));
    if (texts.length === 0) return;
    // Documents of a YAML stream (YAML 1.2, section 9.2).
    const separator = format === 'yaml' ? '---\n' : '';
    stdout.write((isFirst ? '' : separator) + texts.join(separator));
    isFirst = false;
  };
  return {
    async all(items) {
      const cleaned = items.map(withoutManagedFields).map(withType);
      const isList = format !== 'name' && !flags.watch;
      await print(isList ? [{ apiVersion: 'v1', kind: 'List', metadata: {}, items: cleaned }] : cleaned);
    },
    changed: (item) => print([withType(withoutManagedFields(item))]),
  };
}

interface Following {
  context: CliContext;
  cluster: Cluster;
  target: ReturnType<typeof targetOf>;
  resourceVersion: string;
  print(item: RawObject): Promise<void>;
}

/** How long the API server keeps one watch open, seconds; then the next one continues. */
const watchSeconds = 1800;
/** Bookmarks arrive about once a minute, milliseconds. */
const idleTimeoutMs = 180_000;

/**
 * Prints each change until the signal aborts.
 *
 * @throws the reason of the signal
 */
async function follow({ context: { signal }, cluster, target, resourceVersion, print }: Following): Promise<void> {
  let from = resourceVersion;
  for (;;) {
    signal.throwIfAborted();
    const start = { resourceVersion: from, timeoutSeconds: watchSeconds, idleTimeoutMs, signal };
    for await (const { type, object } of watch(cluster.transport, target, start)) {
      from = object.metadata.resourceVersion;
      if (type !== 'BOOKMARK') await print(object);
    }
  }
}

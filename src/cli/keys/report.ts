import { printable } from '../../kube/printable.ts';
import type { RawObject } from '../../kube/raw-object.ts';
import type { CliContext } from '../common/context.ts';
import { formatObject, withoutManagedFields } from '../common/output.ts';
import type { ChangeFlags, DryRun } from './change-flags.ts';

const suffixes: Record<DryRun, string> = { none: '', client: ' (dry run)', server: ' (server dry run)' };

/** Prints the result of a change as kubectl does: one line, or the object in the format of `-o`. */
export async function report(
  { stdout }: Pick<CliContext, 'stdout'>,
  { output, dryRun }: Pick<ChangeFlags, 'output' | 'dryRun'>,
  { text, object }: { text: string; object: RawObject },
): Promise<void> {
  const result = output === undefined ? `${printable(text)}${suffixes[dryRun]}\n` : undefined;
  stdout.write(result ?? (await formatObject(withoutManagedFields(object), output ?? 'name')));
}

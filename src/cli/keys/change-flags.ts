/** Flags of the commands that change something, named as those of kubectl. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ClusterFlags } from '../common/cluster.ts';
import { parseTimeLimit } from '../common/duration.ts';
import { addOutputFlag, type ObjectFormat } from '../common/output.ts';

export type DryRun = 'none' | 'client' | 'server';

export interface ChangeFlags extends ClusterFlags {
  dryRun: DryRun;
  output?: ObjectFormat;
  /** Changes fields that another tool manages. */
  forceConflicts?: boolean;
}

export interface WaitFlags {
  wait?: boolean;
  /** Hours, minutes and seconds. */
  timeout: string;
}

export function addChangeFlags(command: Command): Command {
  const dryRun = new Option('--dry-run [mode]', 'client sends nothing, server checks the change without storing it')
    .choices(dryRunModes)
    .argParser(parseDryRun)
    .preset('client')
    .default('none');
  // As kubectl 1.36, which also accepts the flag alone.
  command.on('option:dry-run', (mode: string | null) => {
    if (mode === null) command.configureOutput().writeErr?.(withoutMode);
  });
  return addOutputFlag(command.addOption(dryRun), ['json', 'yaml', 'name']);
}

const dryRunModes = ['none', 'client', 'server'];
const withoutMode = 'warning: --dry-run is deprecated and can be replaced with --dry-run=client\n';

/** The mode can be a name after a flag alone: `--dry-run alice`. */
function parseDryRun(mode: string): string {
  if (dryRunModes.includes(mode)) return mode;
  throw new InvalidArgumentError(`Write --dry-run=MODE. Allowed choices are ${dryRunModes.join(', ')}.`);
}

export function addForceFlag(command: Command): Command {
  return command.option('--force-conflicts', 'change fields that another tool, such as Argo CD, manages');
}

export function addWaitFlags(command: Command, done: string): Command {
  return command
    .option('--wait', `wait until ${done}`)
    .option('--timeout <duration>', 'longest time to wait', parseTimeLimit, '60s');
}

/** Adds the flag that replaces the checks of in-use.ts. */
export function addInUseFlag(command: Command): Command {
  return command.option('--in-use', 'also if it was used within the last hour');
}

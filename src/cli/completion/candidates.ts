import { Argument, type Command, type Option } from 'commander';
import { printable } from '../../kube/printable.ts';
import type { CliContext } from '../common/context.ts';
import { type Candidate, liveCandidates } from './live.ts';
import { type Position, positionOf } from './position.ts';

/**
 * Directives of cobra after the candidates (github.com/spf13/cobra, completions.go), which kubectl expects from
 * `kubectl_complete-accesskey`.
 */
const directives = { files: 0, noFiles: 4 };

/** @returns one line for each candidate, `value<TAB>description`, and a line with the directive */
export async function complete(context: CliContext, program: Command, words: readonly string[]): Promise<string> {
  const position = positionOf(program, words);
  const { prefix, lead } = position;
  const candidates = (await candidatesAt(context, position)).filter(
    ({ value }) => value.startsWith(prefix) && isPrintable(value),
  );
  const lines = candidates.map(({ value, description }) => `${lead}${value}\t${printable(description)}`);
  const directive = isFile(position.value) ? directives.files : directives.noFiles;
  return [...lines, `:${directive}`, ''].join('\n');
}

/** A line break in a name would add a candidate, and a shell shows names as they are. */
const isPrintable = (value: string) => printable(value) === value;

async function candidatesAt(context: CliContext, position: Position): Promise<Candidate[]> {
  const { command, value, prefix } = position;
  if (prefix.startsWith('-') && position.lead === '') return flagsOf(command);
  const choices = value?.argChoices?.map((one) => ({ value: one, description: '' }));
  if (choices) return choices;
  if (command.name() === 'help') return subcommandsOf(command.parent ?? command);
  const own = value === undefined || value instanceof Argument ? subcommandsOf(command) : [];
  return value === undefined ? own : [...own, ...(await liveCandidates(context, position, nameOf(value)))];
}

/** The name of an argument or of the value of a flag says what it is. */
function nameOf(value: Option | Argument): string {
  return value instanceof Argument ? value.name() : (value.long ?? '');
}

function isFile(value: Option | Argument | undefined): boolean {
  if (value === undefined || value instanceof Argument) return false;
  return /<(?:file|directory)>$/.test(value.flags);
}

function subcommandsOf(command: Command): Candidate[] {
  const visible = command.createHelp().visibleCommands(command);
  return visible.map((one) => ({ value: one.name(), description: one.summary() || one.description() }));
}

function flagsOf(command: Command): Candidate[] {
  const help = command.createHelp();
  const options = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)];
  return options.flatMap(({ long, description }) => (long ? [{ value: long, description }] : []));
}

/** What the word at the end of a command line is; pure. */
import type { Argument, Command, Option } from 'commander';

/** The incomplete word of a command line, and what it belongs to. */
export interface Position {
  /** The command that the words select. */
  command: Command;
  /** What the word is the value of; undefined if it can be a command or the name of a flag. */
  value: Option | Argument | undefined;
  /** The beginning of the word, without the flag of `--flag=word`. */
  prefix: string;
  /** Part of the word that precedes the prefix, such as `--flag=`. */
  lead: string;
  /** Values of the flags that precede the word; the keys are their attribute names. */
  flags: Readonly<Record<string, string>>;
}

/**
 * Reads a command line up to the cursor.
 *
 * @param words without the program; the last one is incomplete and can be empty
 */
export function positionOf(program: Command, words: readonly string[]): Position {
  const [last = '', ...before] = joinAssignments(words).toReversed();
  const state: State = { command: program, option: undefined, operands: 0, flags: {} };
  for (const word of before.toReversed()) read(state, word);
  const { command, option, operands, flags } = state;
  if (option) return { command, value: option, prefix: last, lead: '', flags };
  const [, lead = '', name = '', prefix = ''] = /^((--[^=]+)=)(.*)$/.exec(last) ?? [];
  const assigned = findOption(command, name);
  if (assigned) return { command, value: assigned, prefix, lead, flags };
  return {
    command,
    value: last.startsWith('-') ? undefined : argumentAt(command, operands),
    prefix: last,
    lead: '',
    flags,
  };
}

interface State {
  command: Command;
  /** A flag whose value is the next word. */
  option: Option | undefined;
  operands: number;
  flags: Record<string, string>;
}

function read(state: State, word: string): void {
  const { option } = state;
  state.option = undefined;
  if (option) {
    state.flags[option.attributeName()] = word;
  } else if (word.startsWith('-')) {
    const [name = '', value] = word.split('=', 2);
    const found = findOption(state.command, name);
    if (found && value !== undefined) state.flags[found.attributeName()] = value;
    else if (found?.required) state.option = found;
  } else {
    const next = state.command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (next && state.operands === 0) state.command = next;
    else state.operands += 1;
  }
}

/** bash splits `--flag=word` into three words. */
function joinAssignments(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const previous = joined.at(-1);
    if (previous?.startsWith('--') && (word === '=' || previous.endsWith('=')))
      joined[joined.length - 1] = previous + word;
    else joined.push(word);
  }
  return joined;
}

function findOption(command: Command, name: string): Option | undefined {
  const found = command.options.find((one) => one.long === name || one.short === name);
  return found ?? (command.parent ? findOption(command.parent, name) : undefined);
}

function argumentAt({ registeredArguments }: Command, at: number): Argument | undefined {
  return registeredArguments[at] ?? registeredArguments.findLast((one) => one.variadic);
}

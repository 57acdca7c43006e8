/** Reads the flags of the agent; pure. */
import { constants } from 'node:os';
import { durationMs } from '../../kube/duration.ts';
import type { FileAttributes, FileOwner } from '../files/replace-file.ts';
import { chooseSource, type Environment } from '../token/source.ts';
import { TokenError } from '../token/token-error.ts';
import type { FileSource } from './credential-files.ts';
import type { Notification } from './notification.ts';
import { type ListenAddress, parseListenAddress } from './status-server.ts';

/** The flags; the program has checked the durations. */
export interface AgentFlags {
  readonly pairDirectory?: string;
  readonly subjectTokenFile?: string;
  readonly tokenFile: string;
  readonly mode: string;
  readonly owner?: string;
  readonly readyFile?: string;
  readonly exec?: string;
  readonly execTimeout: string;
  readonly signal?: string;
  readonly pidFile?: string;
  readonly processName?: string;
  readonly metricsAddress?: string;
  readonly once?: boolean;
  readonly timeout?: string;
}

/** The validated options of an agent. */
export interface AgentOptions {
  readonly source: FileSource;
  /** The file that contains the token. */
  readonly tokenFile: string;
  readonly attributes: FileAttributes;
  /** A file that exists while the token in the file is valid. */
  readonly readyFile: string | undefined;
  /** What to do after a new token was written, in this order. */
  readonly notifications: readonly Notification[];
  /** Where to serve metrics and readiness; undefined for nowhere. */
  readonly metricsAddress: ListenAddress | undefined;
  /** End after the first token. */
  readonly once: boolean;
  /** With `once`: how long to retry, milliseconds; undefined for no limit. */
  readonly timeoutMs: number | undefined;
}

/** @throws TokenError that names the flag and its rule */
export function parseAgentOptions(flags: AgentFlags, env: Environment): AgentOptions {
  const { tokenFile, readyFile, metricsAddress, once = false, timeout } = flags;
  if (once && readyFile !== undefined) throw usage('--ready-file cannot be combined with --once');
  if (once && metricsAddress !== undefined) throw usage('--metrics-address cannot be combined with --once');
  if (!once && timeout !== undefined) throw usage('--timeout requires --once');
  if (readyFile === tokenFile) throw usage('--ready-file must not be the token file');
  return {
    source: parseSource(flags, env),
    tokenFile,
    attributes: { mode: parseMode(flags.mode), owner: flags.owner === undefined ? undefined : parseOwner(flags.owner) },
    readyFile,
    notifications: [...parseCommand(flags), ...parseSignal(flags)],
    metricsAddress: metricsAddress === undefined ? undefined : parseListenAddress(metricsAddress),
    once,
    timeoutMs: timeout === undefined ? undefined : durationMs(timeout),
  };
}

const agentHint = 'Set --pair-directory or --subject-token-file.';

function parseSource({ pairDirectory, subjectTokenFile }: AgentFlags, env: Environment): FileSource {
  const source = chooseSource({ pairDirectory, subjectTokenFile }, env, agentHint);
  if (source.kind === 'directory' || (source.kind === 'subject-token' && source.file !== '-')) return source;
  throw usage('the agent requires files that it can read again: set --pair-directory or --subject-token-file');
}

function parseMode(text: string): number {
  if (!/^0?[0-7]{3}$/.test(text)) throw usage('--mode: must be three octal digits, for example 0640');
  return Number.parseInt(text, 8);
}

/** chown needs both numbers; -1 keeps the group. */
function parseOwner(text: string): FileOwner {
  const [, uid, gid = '-1'] = /^(\d{1,9})(?::(\d{1,9}))?$/.exec(text) ?? [];
  if (uid === undefined) throw usage('--owner: must be UID or UID:GID, two numbers');
  return { uid: Number(uid), gid: Number(gid) };
}

function parseCommand({ exec, execTimeout }: AgentFlags): Notification[] {
  if (exec === '') throw usage('--exec: must not be empty');
  return exec === undefined ? [] : [{ kind: 'command', command: exec, timeoutMs: durationMs(execTimeout) }];
}

function parseSignal({ signal, pidFile, processName }: AgentFlags): Notification[] {
  const hasTarget = pidFile !== undefined || processName !== undefined;
  if (signal === undefined && hasTarget) throw usage('--pid-file and --process-name require --signal');
  if (signal === undefined) return [];
  if (pidFile !== undefined && processName !== undefined) {
    throw usage('--pid-file and --process-name cannot be combined');
  }
  if (!hasTarget) throw usage('--signal requires --pid-file or --process-name');
  const target = pidFile === undefined ? { processName: processName ?? '' } : { pidFile };
  return [{ kind: 'signal', signal: parseSignalName(signal), target }];
}

/** Accepts HUP and SIGHUP, as kill does. */
function parseSignalName(text: string): NodeJS.Signals {
  const name = text.startsWith('SIG') ? text : `SIG${text}`;
  if (Object.hasOwn(constants.signals, name)) return name as NodeJS.Signals;
  throw usage('--signal: must be the name of a signal, for example HUP');
}

function usage(message: string): TokenError {
  return new TokenError('usage', message);
}

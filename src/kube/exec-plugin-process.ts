/** Runs the program of a credential plug-in. */
import { spawn } from 'node:child_process';
import type { Plugin } from './exec-info.ts';
import { killGroup } from './process-group.ts';

/** Time limit of a plug-in in the background, milliseconds: as of a call. */
const limitMs = 30_000;
/** Longest output and longest error text of a plug-in, characters. */
const maxOutputLength = 1024 * 1024;
const maxErrorLength = 2_000;

/** What is needed of this process to run plug-ins. */
export interface PluginHost {
  /** Environment that a plug-in inherits. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly kill: (pid: number, signal: NodeJS.Signals) => void;
  /**
   * The person for whom plug-ins run, and who may sign in with them: their error output is shown, and there is no time limit.
   * Default: they run in the background.
   */
  readonly user?: {
    /** Whether standard input is a terminal. */
    readonly hasTerminal: boolean;
    /** Ends plug-ins that run. */
    readonly signal: AbortSignal;
  };
}

/** There is no program with this name. */
export class PluginNotFoundError extends Error {
  override readonly name = 'PluginNotFoundError';
  readonly command: string;
  /** What to do, as the kubeconfig says. */
  readonly installHint: string | undefined;

  constructor({ command, installHint }: Plugin, cause: unknown) {
    super(`credential plug-in ${command} is not found`, { cause });
    this.command = command;
    this.installHint = installHint || undefined;
  }
}

/** What one run of a plug-in gets. */
export interface PluginInput {
  /** Whether it may read standard input. */
  readonly interactive: boolean;
  /** Variables in addition to those of the host. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Runs a plug-in. In the background, it has a process group of its own, so that all its processes can be killed; with a
 * user, it stays in that of the terminal, for passwords and Ctrl-C.
 *
 * @returns its output
 * @throws PluginNotFoundError; Error if it fails, or does not end in time
 */
export function runPlugin(plugin: Plugin, host: PluginHost, { interactive, variables }: PluginInput): Promise<string> {
  const { environment, user } = host;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn(plugin.command, [...(plugin.args ?? [])], {
    env: { ...environment, ...variables },
    stdio: [interactive ? 'inherit' : 'ignore', 'pipe', user ? 'inherit' : 'pipe'],
    detached: !user,
    ...(user && { signal: user.signal }),
  });
  let output = '';
  let errors = '';
  let killed: string | undefined;

  function abandon(problem: string): void {
    killed ??= problem;
    if (user) child.kill('SIGKILL');
    else killGroup(child.pid, host.kill);
    // A process that left the group may keep them open, and the plug-in would never count as ended.
    child.stdout?.destroy();
    child.stderr?.destroy();
  }

  const timer = user ? undefined : setTimeout(() => abandon(`did not end within ${limitMs / 1000} s`), limitMs);
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.length > maxOutputLength) abandon(`printed more than ${maxOutputLength} characters`);
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-maxErrorLength);
  });
  child.on('error', (error: NodeJS.ErrnoException) => {
    reject(error.code === 'ENOENT' ? new PluginNotFoundError(plugin, error) : error);
  });
  child.on('close', (code, signal) => {
    clearTimeout(timer);
    if (killed !== undefined) reject(failure(plugin, killed));
    else if (code === 0) resolve(output);
    else reject(failure(plugin, endOf(code, signal, errors)));
  });
  return promise;
}

function endOf(code: number | null, signal: NodeJS.Signals | null, errors: string): string {
  const detail = errors.trim();
  return `ended with ${code === null ? signal : `exit code ${code}`}${detail === '' ? '' : `: ${detail}`}`;
}

/** @returns an error that names the plug-in */
export function failure({ command }: Plugin, problem: string): Error {
  return new Error(`credential plug-in ${command} ${problem}`);
}
